"""A sync's two phases, plan and deliver, and what becomes of every row. Pure: ports to SQL and HTTP are protocols."""
