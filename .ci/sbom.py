"""Writes what constraints.txt pins as a software bill of materials, in CycloneDX's JSON: `sbom.py OUTPUT`.

Nothing is looked up: names, versions and hashes are those that the set-up installs by, and no address is written.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def pinned(constraints: str) -> Iterator[tuple[Requirement, list[str]]]:
    """Yield each pinned requirement with the SHA-256 hashes of its files."""
    joined = re.sub(r"\\\n", " ", constraints)
    for line in joined.splitlines():
        if line and not line.startswith(("#", " ")):
            requirement, *hashes = line.split("--hash=sha256:")
            yield Requirement(requirement.strip()), [each.strip() for each in hashes]


def component(requirement: Requirement, hashes: list[str]) -> Component:
    """Return a requirement as a component; where it is only for some systems, it says for which."""
    (version,) = {each.version for each in requirement.specifier}
    url = PackageURL("pypi", name=requirement.name, version=version)
    return Component(
        name=requirement.name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=url,
        bom_ref=url.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in hashes],
        properties=[Property(name="marker", value=str(requirement.marker))] if requirement.marker else [],
    )


def main() -> None:
    """Write the file, and the folder that it is in."""
    output = Path(sys.argv[1])
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    bom = Bom(
        components=[component(*each) for each in pinned(constraints)], serial_number=uuid5(NAMESPACE_OID, constraints)
    )
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(JsonV1Dot6(bom).output_as_string(indent=2), encoding="utf-8")
    print(f"{output}: {len(bom.components)} packages")


if __name__ == "__main__":
    main()
