SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.leadway_alembic_version (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.leadway_alert (
    sync_id bigint NOT NULL,
    notifier character varying(64) NOT NULL COLLATE pg_catalog."C",
    condition character varying(190) NOT NULL COLLATE pg_catalog."C",
    met_at timestamp with time zone NOT NULL
);
CREATE TABLE public.leadway_claim (
    sync_id bigint NOT NULL,
    identity bytea NOT NULL,
    row_id bigint NOT NULL,
    kind smallint NOT NULL
);
CREATE TABLE public.leadway_delivery (
    id bigint NOT NULL,
    sync_id bigint NOT NULL,
    delivered_at timestamp with time zone NOT NULL,
    attempt smallint NOT NULL,
    status smallint,
    run_id bigint NOT NULL,
    source_key character varying(255) NOT NULL COLLATE pg_catalog."C",
    contact_id character varying(255) COLLATE pg_catalog."C",
    outcome smallint NOT NULL,
    fields text,
    not_kept text,
    reasons text,
    trace_id bytea
);
CREATE SEQUENCE public.leadway_delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leadway_delivery_id_seq OWNED BY public.leadway_delivery.id;
CREATE TABLE public.leadway_outbox (
    id bigint NOT NULL,
    run_id bigint NOT NULL,
    row_id bigint NOT NULL,
    source_key character varying(255) NOT NULL COLLATE pg_catalog."C",
    outcome smallint NOT NULL,
    fingerprint bytea,
    contact text,
    lanes text,
    claimed text,
    refusals integer DEFAULT 0 NOT NULL,
    carried smallint DEFAULT '0'::smallint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    withheld smallint NOT NULL,
    reasons text,
    in_crm text,
    part integer
);
CREATE SEQUENCE public.leadway_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leadway_outbox_id_seq OWNED BY public.leadway_outbox.id;
CREATE TABLE public.leadway_part (
    run_id bigint NOT NULL,
    number integer NOT NULL,
    first_position bigint NOT NULL,
    last_position bigint NOT NULL,
    is_complete smallint DEFAULT '0'::smallint NOT NULL,
    worker character varying(32)
);
CREATE TABLE public.leadway_quota (
    host character varying(190) NOT NULL COLLATE pg_catalog."C",
    location_id character varying(64) NOT NULL COLLATE pg_catalog."C",
    daily_limit bigint,
    remaining bigint NOT NULL,
    returns_at timestamp with time zone,
    answered_at timestamp with time zone NOT NULL
);
CREATE TABLE public.leadway_quota_lease (
    host character varying(190) NOT NULL COLLATE pg_catalog."C",
    location_id character varying(64) NOT NULL COLLATE pg_catalog."C",
    app character varying(64) NOT NULL COLLATE pg_catalog."C",
    version bigint NOT NULL,
    leases text NOT NULL
);
CREATE TABLE public.leadway_reason (
    row_id bigint NOT NULL,
    code character varying(64) NOT NULL,
    sync_id bigint NOT NULL,
    run_id bigint NOT NULL,
    outcome smallint NOT NULL
);
CREATE TABLE public.leadway_row (
    id bigint NOT NULL,
    sync_id bigint NOT NULL,
    source_key character varying(255) NOT NULL COLLATE pg_catalog."C",
    fingerprint bytea,
    contact_id character varying(255) COLLATE pg_catalog."C",
    outcome smallint NOT NULL,
    reasons text,
    remarks text,
    created_by_sync smallint DEFAULT '0'::smallint NOT NULL,
    sent_fingerprint bytea,
    sent_at timestamp with time zone,
    in_crm bytea,
    also_in_crm bytea,
    collides_with bigint,
    rejected_since bigint,
    run_id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    updated_at timestamp with time zone NOT NULL
);
CREATE SEQUENCE public.leadway_row_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leadway_row_id_seq OWNED BY public.leadway_row.id;
CREATE TABLE public.leadway_run (
    id bigint NOT NULL,
    sync_id bigint NOT NULL,
    task_run text NOT NULL,
    digest bytea NOT NULL,
    origin text NOT NULL,
    retry_refused integer NOT NULL,
    status character varying(16) NOT NULL,
    query text,
    columns text,
    source text,
    versions text,
    as_of timestamp with time zone,
    seen bytea,
    is_whole smallint DEFAULT '1'::smallint NOT NULL,
    only_keys smallint DEFAULT '0'::smallint NOT NULL,
    watermark_at timestamp with time zone,
    resync_asked_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    parts integer,
    read bigint NOT NULL,
    carried bigint NOT NULL,
    unchanged bigint NOT NULL,
    invalid bigint NOT NULL,
    superseded bigint NOT NULL,
    created bigint NOT NULL,
    updated bigint NOT NULL,
    refused bigint NOT NULL,
    unknown bigint NOT NULL,
    withheld bigint NOT NULL,
    not_kept bigint NOT NULL,
    collisions bigint NOT NULL,
    identity_taken bigint NOT NULL,
    adopted bigint NOT NULL,
    drifted bigint NOT NULL,
    missing bigint NOT NULL,
    removed bigint NOT NULL,
    unremoved bigint NOT NULL,
    calls bigint NOT NULL,
    comparison text,
    seconds double precision NOT NULL,
    started_at timestamp with time zone NOT NULL,
    sealed_at timestamp with time zone,
    finished_at timestamp with time zone
);
CREATE TABLE public.leadway_snapshot (
    run_id bigint NOT NULL,
    contact_id character varying(255) NOT NULL COLLATE pg_catalog."C",
    email bytea,
    phone bytea,
    fields bytea NOT NULL,
    tags bytea NOT NULL,
    matched_by bigint
);
CREATE TABLE public.leadway_staged_claim (
    run_id bigint NOT NULL,
    identity bytea NOT NULL,
    row_id bigint NOT NULL,
    kind smallint NOT NULL
);
CREATE TABLE public.leadway_sync (
    id bigint NOT NULL,
    name character varying(512) NOT NULL COLLATE pg_catalog."C",
    host character varying(190) NOT NULL COLLATE pg_catalog."C",
    location_id character varying(64) NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    lease character varying(32),
    heartbeats bigint DEFAULT '0'::bigint NOT NULL,
    holder text,
    process text,
    held_until timestamp with time zone,
    watermark_at timestamp with time zone,
    resync_asked_at timestamp with time zone
);
CREATE SEQUENCE public.leadway_sync_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leadway_sync_id_seq OWNED BY public.leadway_sync.id;
CREATE TABLE public.leadway_token (
    family character varying(64) NOT NULL,
    version integer NOT NULL,
    secret text,
    lease character varying(32),
    begun_at timestamp with time zone,
    kept_at timestamp with time zone
);
CREATE TABLE public.leadway_usage (
    id bigint NOT NULL,
    sync_id bigint NOT NULL,
    run_id bigint NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    seconds double precision NOT NULL,
    calls bigint NOT NULL,
    acknowledged bigint NOT NULL,
    quota_left bigint
);
CREATE SEQUENCE public.leadway_usage_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.leadway_usage_id_seq OWNED BY public.leadway_usage.id;
CREATE TABLE public.leadway_worker (
    run_id bigint NOT NULL,
    token character varying(32) NOT NULL,
    heartbeats bigint NOT NULL,
    holder text NOT NULL,
    process text NOT NULL
);
ALTER TABLE ONLY public.leadway_delivery ALTER COLUMN id SET DEFAULT nextval('public.leadway_delivery_id_seq'::regclass);
ALTER TABLE ONLY public.leadway_outbox ALTER COLUMN id SET DEFAULT nextval('public.leadway_outbox_id_seq'::regclass);
ALTER TABLE ONLY public.leadway_row ALTER COLUMN id SET DEFAULT nextval('public.leadway_row_id_seq'::regclass);
ALTER TABLE ONLY public.leadway_sync ALTER COLUMN id SET DEFAULT nextval('public.leadway_sync_id_seq'::regclass);
ALTER TABLE ONLY public.leadway_usage ALTER COLUMN id SET DEFAULT nextval('public.leadway_usage_id_seq'::regclass);
INSERT INTO public.leadway_alembic_version VALUES ('0001');
INSERT INTO public.leadway_alert VALUES (1, 'ignore', 'RejectedShare(above=0.1)', '2026-11-27 11:31:10.675858+00');
INSERT INTO public.leadway_claim VALUES (1, '\xc09e96d520d009bfc919', 1, 1);
INSERT INTO public.leadway_claim VALUES (1, '\xfdf8c153991d5cc48a10', 2, 1);
INSERT INTO public.leadway_claim VALUES (1, '\x388ebdecce544dfff639', 3, 1);
INSERT INTO public.leadway_claim VALUES (1, '\xfdf8c153991d5cc48a10', 4, 0);
INSERT INTO public.leadway_claim VALUES (1, '\xb179e5a757e7c189a02c', 6, 1);
INSERT INTO public.leadway_claim VALUES (1, '\x7b8b01bf0e68d95536cb', 8, 1);
INSERT INTO public.leadway_claim VALUES (2, '\x333cadea08ba61c5b24c', 9, 1);
INSERT INTO public.leadway_claim VALUES (2, '\xa289da49f9605468cc86', 10, 1);
INSERT INTO public.leadway_claim VALUES (3, '\xa93210828b75a1239dad', 11, 1);
INSERT INTO public.leadway_claim VALUES (3, '\xf9e0f6a31d5c70e0202f', 12, 1);
INSERT INTO public.leadway_claim VALUES (3, '\x05961bcccbf6b196da3b', 13, 1);
INSERT INTO public.leadway_claim VALUES (3, '\x5bae317273c02f86a650', 14, 1);
INSERT INTO public.leadway_claim VALUES (3, '\x067a9ab5feacfa3d4b88', 15, 1);
INSERT INTO public.leadway_claim VALUES (3, '\x4bf0cd38e811fce03931', 16, 1);
INSERT INTO public.leadway_claim VALUES (4, '\x69d5106168ccba1230ee', 17, 1);
INSERT INTO public.leadway_claim VALUES (4, '\x4c2b0c87d661916e9a00', 18, 1);
INSERT INTO public.leadway_claim VALUES (4, '\xbca2e3b8e4080efbf465', 19, 1);
INSERT INTO public.leadway_claim VALUES (4, '\x7fb3bf452bea796b2fb7', 20, 1);
INSERT INTO public.leadway_claim VALUES (4, '\xc91d5d5b2e0729cd2fdf', 21, 1);
INSERT INTO public.leadway_claim VALUES (4, '\x82e60bdb301f4cf1fb3d', 22, 1);
INSERT INTO public.leadway_claim VALUES (5, '\xfcba4e76a7421349ca81', 23, 1);
INSERT INTO public.leadway_claim VALUES (5, '\x80060b9618fe1171ac1f', 24, 1);
INSERT INTO public.leadway_claim VALUES (5, '\xaa0f8a6ceaea8bc07a7b', 25, 1);
INSERT INTO public.leadway_claim VALUES (6, '\x210236f8d22e8b002510', 26, 1);
INSERT INTO public.leadway_claim VALUES (6, '\x2671b3d1bc6bd2a8258f', 27, 1);
INSERT INTO public.leadway_claim VALUES (7, '\x3b8422d90d2338773130', 28, 1);
INSERT INTO public.leadway_claim VALUES (7, '\x9805e1c84d07ac869de3', 29, 1);
INSERT INTO public.leadway_claim VALUES (7, '\xbf9b43727ae105e7d3f4', 30, 1);
INSERT INTO public.leadway_claim VALUES (7, '\x6890b17f4cccec869e60', 31, 1);
INSERT INTO public.leadway_claim VALUES (7, '\xb2090c6a56b684c0abd5', 32, 1);
INSERT INTO public.leadway_claim VALUES (7, '\x3a865caf820b18c8ce5e', 33, 1);
INSERT INTO public.leadway_claim VALUES (8, '\x51c14676ca1779ba3675', 34, 1);
INSERT INTO public.leadway_claim VALUES (8, '\x969433c30a138e4b0901', 35, 1);
INSERT INTO public.leadway_claim VALUES (9, '\xa26ee91118de0c5faf69', 36, 1);
INSERT INTO public.leadway_claim VALUES (9, '\xc30f333103b27e9153e0', 37, 1);
INSERT INTO public.leadway_claim VALUES (11, '\xf55006e8b7135d8e3f3e', 38, 1);
INSERT INTO public.leadway_claim VALUES (12, '\xb3fe37c4e650fddcd9cf', 39, 1);
INSERT INTO public.leadway_claim VALUES (12, '\x9b6a29e978dd6a1fc361', 40, 1);
INSERT INTO public.leadway_delivery VALUES (1, 1, '2026-11-27 11:31:09.632989+00', 1, 200, 74742500278574, '1', '48a5bf3da0a91cdc78f6', 5, 'd', NULL, '[{"field":"phone","code":"phone_impossible","message":"The value is not a possible phone number of its country."}]', '\x73a586b992844ab3a184e79cef22ec45');
INSERT INTO public.leadway_delivery VALUES (2, 1, '2026-11-27 11:31:09.632989+00', 1, 201, 74742500278574, '3', 'b3c2cda88be7afe66d90', 4, 'e', NULL, NULL, '\xc48bf373138b4faabfd22023e7272a3f');
INSERT INTO public.leadway_delivery VALUES (3, 1, '2026-11-27 11:31:09.632989+00', 1, 422, 74742500278574, '6', NULL, 6, 'd', NULL, '[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]', NULL);
INSERT INTO public.leadway_delivery VALUES (4, 1, '2026-11-27 11:31:09.632989+00', 1, 201, 74742500278574, '7', 'fc859bda0b570383cc5d', 4, 'd', NULL, NULL, '\x21a3a9c4cc1c4f08bd537ad4ec583ecf');
INSERT INTO public.leadway_delivery VALUES (5, 1, '2026-11-27 11:31:09.632989+00', 1, 201, 74742500278574, '8', '2be12ec8edf5d4161d1f', 4, 'd', NULL, '[{"field":"phone","code":"phone_region_unknown","message":"The number has no country code: map country, or set phone_region."}]', '\x8129b9e131df4d05b29e6ff806441c03');
INSERT INTO public.leadway_delivery VALUES (6, 1, '2026-11-27 11:31:09.719457+00', 1, 201, 74742500278574, '2', '595c087ab045bf3fdd2c', 4, 'd', NULL, NULL, '\x843b0ab2bfbf40eda1ae81891edc14f9');
INSERT INTO public.leadway_delivery VALUES (7, 1, '2026-11-27 11:31:10.428774+00', 1, 200, 10475687967707, '2', '595c087ab045bf3fdd2c', 5, 'd', NULL, NULL, NULL);
INSERT INTO public.leadway_delivery VALUES (8, 1, '2026-11-27 11:31:10.428774+00', 1, 422, 10475687967707, '6', NULL, 6, 'd', NULL, '[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]', NULL);
INSERT INTO public.leadway_delivery VALUES (9, 1, '2026-11-27 11:31:10.50548+00', 1, NULL, 10475687967707, '7', 'fc859bda0b570383cc5d', 9, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_delivery VALUES (10, 2, '2026-11-27 11:31:11.149136+00', 1, 201, 259887299265169, '2', '090f91db955c55c7d1b8', 4, '15', NULL, NULL, '\x01088f0999a84dd48fc8b254906148e9');
INSERT INTO public.leadway_delivery VALUES (11, 2, '2026-11-27 11:31:11.149136+00', 1, NULL, 259887299265169, '1', NULL, 7, '15', NULL, '[{"field":"","code":"answer_lost","message":"The answer was lost, and the contact may have been created. The account has an older contact 57b5f8a68a1d0697c580 with this e-mail or phone, which hides a new one."}]', NULL);
INSERT INTO public.leadway_delivery VALUES (12, 3, '2026-11-27 11:31:15.955263+00', 1, 201, 74568814307821, '1', '369777aaa4421cefd040', 4, '5', NULL, NULL, '\xb05d6e5bdd4041fab976534685f72d60');
INSERT INTO public.leadway_delivery VALUES (13, 3, '2026-11-27 11:31:16.002291+00', 1, 201, 74568814307821, '2', 'b9a67a7e313aec43de19', 4, '5', NULL, NULL, '\x9afa64bccfe748f795039946e99a55b1');
INSERT INTO public.leadway_delivery VALUES (14, 4, '2026-11-27 11:31:21.467607+00', 1, 201, 88628647278438, '1', '6e652d9b2ef21201ba66', 4, '5', NULL, NULL, '\xc49ca4f8b648445eb7bddb88996e721f');
INSERT INTO public.leadway_delivery VALUES (15, 4, '2026-11-27 11:31:21.507515+00', 1, 201, 88628647278438, '2', '0df7138de11abf44c062', 4, '5', NULL, NULL, '\x0642bc97ed294817b5d2eee9a550eb5b');
INSERT INTO public.leadway_delivery VALUES (16, 5, '2026-11-27 11:31:24.430424+00', 1, 201, 152230662199981, '1', '883c23a14f101d54078f', 4, '5', NULL, NULL, '\x414fdfc6306e49d583687ec067d9e8ab');
INSERT INTO public.leadway_delivery VALUES (17, 7, '2026-11-27 11:31:31.153732+00', 3, 201, 185788790895403, '1', 'e31af75053f34c4eed2e', 4, '5', NULL, NULL, '\x4157f1367e314ef090814efb3c63c0c7');
INSERT INTO public.leadway_delivery VALUES (18, 7, '2026-11-27 11:31:31.211046+00', 3, 201, 185788790895403, '2', '7b6ea32a67ad794784d5', 4, '5', NULL, NULL, '\x6bd0bef7fdd64112bebaf7dc2ea6da37');
INSERT INTO public.leadway_delivery VALUES (19, 8, '2026-11-27 11:31:34.40666+00', 1, 201, 53418106867360, '1', '1972207836fbe39e3611', 4, '5', NULL, NULL, '\x8b7bd49c996141c48cef09eb9f953c25');
INSERT INTO public.leadway_delivery VALUES (20, 8, '2026-11-27 11:31:34.40666+00', 1, 201, 53418106867360, '2', 'bef407a44bc7c3301f8c', 4, '5', NULL, NULL, '\xfd02250a5451439497feb325f01240ee');
INSERT INTO public.leadway_delivery VALUES (21, 9, '2026-11-27 11:31:35.535311+00', 1, 201, 9408670198444, '1', '7c6dcd47fc10ad19300b', 4, '5', NULL, NULL, '\x8f338843ebe849e4955f38506674f654');
INSERT INTO public.leadway_delivery VALUES (22, 9, '2026-11-27 11:31:35.535311+00', 1, 201, 9408670198444, '2', 'ecf9f5a74ca427793d24', 4, '5', NULL, NULL, '\x2c0b30a2ead248ffa88e3d902611e4f9');
INSERT INTO public.leadway_delivery VALUES (23, 11, '2026-11-27 11:31:36.561784+00', 1, 201, 161352077611119, '3', 'a38f5ca5992a1d03b7f8', 4, '5', NULL, NULL, '\x8eddb34e3db34a6690274a3b94b33b5a');
INSERT INTO public.leadway_delivery VALUES (24, 12, '2026-11-27 11:31:36.592353+00', 1, 201, 179247550262494, '1', '200fac58b358d3b2cb77', 4, '5', NULL, NULL, '\x4a61b926fc2b4986a88344355cde5f97');
INSERT INTO public.leadway_delivery VALUES (25, 12, '2026-11-27 11:31:36.592353+00', 1, 201, 179247550262494, '2', 'bcf3ec935da6c5c859e2', 4, '5', NULL, NULL, '\x90b73e2a311b4e8cbece17cc552c2005');
INSERT INTO public.leadway_outbox VALUES (10, 10475687967707, 6, '6', 6, '\x08049bcf30f5a704f2d8c9d0f561afda', '{"fields":{"email":"eva@example.com","firstName":"Eva"},"add_tags":[],"remove_tags":["left"],"withheld":[],"notes":[]}', NULL, 'b179e5a757e7c189a02c', 2, 0, '2026-11-27 11:31:10.169711+00', 0, '[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]', NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (18, 74568814307821, 13, '3', 0, '\xa0b242ac943c0ea3754f747be9fc3502', '{"fields":{"email":"killed3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '05961bcccbf6b196da3b', 0, 0, '2026-11-27 11:31:15.777704+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (19, 74568814307821, 14, '4', 0, '\x56959871d6004ed8c4a10a5624df4d67', '{"fields":{"email":"killed4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '5bae317273c02f86a650', 0, 0, '2026-11-27 11:31:15.777704+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (20, 74568814307821, 15, '5', 0, '\x448e5201624c71793be205a33268b306', '{"fields":{"email":"killed5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '067a9ab5feacfa3d4b88', 0, 0, '2026-11-27 11:31:15.777704+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (21, 74568814307821, 16, '6', 0, '\xc75f267abcf3a3e98b4df8fdd156ba55', '{"fields":{"email":"killed6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '4bf0cd38e811fce03931', 0, 0, '2026-11-27 11:31:15.777704+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (24, 88628647278438, 19, '3', 0, '\x9b8015f95f222dc9954d34c8b2db68ea', '{"fields":{"email":"left3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, 'bca2e3b8e4080efbf465', 0, 0, '2026-11-27 11:31:21.297769+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (25, 88628647278438, 20, '4', 0, '\xae43e186048e0a1058b8da6e73602ab6', '{"fields":{"email":"left4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '7fb3bf452bea796b2fb7', 0, 0, '2026-11-27 11:31:21.297769+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (26, 88628647278438, 21, '5', 0, '\x87b958ed8eac03d8cc8525c66c6ef258', '{"fields":{"email":"left5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, 'c91d5d5b2e0729cd2fdf', 0, 0, '2026-11-27 11:31:21.297769+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (27, 88628647278438, 22, '6', 0, '\x1fc916493510b3482bcc4a71ed81946e', '{"fields":{"email":"left6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '82e60bdb301f4cf1fb3d', 0, 0, '2026-11-27 11:31:21.297769+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (29, 152230662199981, 24, '2', 0, '\x1f185847453f9fd2ed3fe3661a5508e5', '{"fields":{"email":"deferred2@example.com","firstName":"First 2"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '80060b9618fe1171ac1f', 0, 0, '2026-11-27 11:31:24.321626+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (30, 152230662199981, 25, '3', 0, '\xa1d55dabfee77e25a790fea469dde6df', '{"fields":{"email":"deferred3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, 'aa0f8a6ceaea8bc07a7b', 0, 0, '2026-11-27 11:31:24.321626+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (31, 72876263112057, 26, '1', 0, '\x483b719657a66c4ce74e2f99e5df54cb', '{"fields":{"email":"reviewed1@example.com","firstName":"First 1"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '210236f8d22e8b002510', 0, 0, '2026-11-27 11:31:24.749351+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (32, 72876263112057, 27, '2', 0, '\x53481857dbf986228c0bced1a48b760b', '{"fields":{"email":"reviewed2@example.com","firstName":"First 2"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '2671b3d1bc6bd2a8258f', 0, 0, '2026-11-27 11:31:24.749351+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (35, 185788790895403, 30, '3', 0, '\x4eeca9849dd87fdcfaaf8d3d04e393c9', '{"fields":{"email":"workers3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, 'bf9b43727ae105e7d3f4', 0, 0, '2026-11-27 11:31:25.166524+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (36, 185788790895403, 31, '4', 0, '\x57fcaa80370e50ca00fc30a51452ecec', '{"fields":{"email":"workers4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '6890b17f4cccec869e60', 0, 0, '2026-11-27 11:31:25.166524+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (37, 185788790895403, 32, '5', 0, '\x5e87b13644d802e63002add10c1d8561', '{"fields":{"email":"workers5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, 'b2090c6a56b684c0abd5', 0, 0, '2026-11-27 11:31:25.166524+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_outbox VALUES (38, 185788790895403, 33, '6', 0, '\x8ac9451034edea591fe44fa34b608543', '{"fields":{"email":"workers6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}', NULL, '3a865caf820b18c8ce5e', 0, 0, '2026-11-27 11:31:25.166524+00', 0, NULL, NULL, NULL);
INSERT INTO public.leadway_part VALUES (185788790895403, 2, 38, 38, 0, NULL);
INSERT INTO public.leadway_part VALUES (185788790895403, 1, 33, 37, 0, '4f8d0bc54c374983b10fc29a92eb22a8');
INSERT INTO public.leadway_quota VALUES ('{host}', 'sandbox-location', 200000, 199954, '2026-11-28 11:31:08.32354+00', '2026-11-27 11:31:36.64152+00');
INSERT INTO public.leadway_quota VALUES ('{host}', 'north', 200000, 199997, '2026-11-28 11:31:08.319753+00', '2026-11-27 11:31:36.670939+00');
INSERT INTO public.leadway_quota_lease VALUES ('{host}', 'sandbox-location', 'token 24b9cd79145e7e5d', 51, '[["66f64ea766a9ec99", "another-machine 23650", 1, 0, 10000, 1795779095.6773198], ["66f64ea766a9ec99", "another-machine 23650", 1, 0, 10000, 1795779096.0317926], ["66f64ea766a9ec99", "another-machine 23650", 1, 0, 10000, 1795779096.0320582]]');
INSERT INTO public.leadway_quota_lease VALUES ('{host}', 'sandbox-location', 'app sandbox-client', 4, '[["49e88bd6c16c0f0b", "another-machine 23650", 1, 0, 10000, 1795779096.7154343], ["49e88bd6c16c0f0b", "another-machine 23650", 1, 0, 10000, 1795779097.0600128]]');
INSERT INTO public.leadway_quota_lease VALUES ('{host}', 'north', 'app sandbox-client', 4, '[["2892e6081e5de3fe", "another-machine 23650", 1, 0, 10000, 1795779097.090783], ["2892e6081e5de3fe", "another-machine 23650", 1, 0, 10000, 1795779097.0909853]]');
INSERT INTO public.leadway_reason VALUES (1, 'phone_impossible', 1, 74742500278574, 5);
INSERT INTO public.leadway_reason VALUES (8, 'phone_region_unknown', 1, 74742500278574, 4);
INSERT INTO public.leadway_reason VALUES (5, 'no_identity', 1, 10475687967707, 2);
INSERT INTO public.leadway_reason VALUES (5, 'email_malformed', 1, 10475687967707, 2);
INSERT INTO public.leadway_reason VALUES (4, 'identity_shared', 1, 10475687967707, 3);
INSERT INTO public.leadway_reason VALUES (6, 'refused_by_api', 1, 10475687967707, 6);
INSERT INTO public.leadway_reason VALUES (9, 'answer_lost', 2, 259887299265169, 7);
INSERT INTO public.leadway_row VALUES (1, 1, '1', '\xb4896f9ac8af1991c80a49ead25b6f45', '48a5bf3da0a91cdc78f6', 5, NULL, '{"withheld":[{"field":"phone","code":"phone_impossible","message":"The value is not a possible phone number of its country."}]}', 0, NULL, NULL, '\xc09e96d520d009bfc919', NULL, NULL, NULL, 74742500278574, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:09.632989+00');
INSERT INTO public.leadway_row VALUES (3, 1, '3', '\x210bad38e6b506f0b5f3e07d776a611c', 'b3c2cda88be7afe66d90', 4, NULL, NULL, 1, NULL, NULL, '\x388ebdecce544dfff639', NULL, NULL, NULL, 74742500278574, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:09.632989+00');
INSERT INTO public.leadway_row VALUES (8, 1, '8', '\x9348de28f42cb839fc674d72c3a3ca3d', '2be12ec8edf5d4161d1f', 4, NULL, '{"withheld":[{"field":"phone","code":"phone_region_unknown","message":"The number has no country code: map country, or set phone_region."}]}', 1, NULL, NULL, '\x7b8b01bf0e68d95536cb', NULL, NULL, NULL, 74742500278574, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:09.632989+00');
INSERT INTO public.leadway_row VALUES (17, 4, '1', '\x5f88619a430c3fec2d8202df1641cc02', '6e652d9b2ef21201ba66', 4, NULL, NULL, 1, NULL, NULL, '\x69d5106168ccba1230ee', NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.467607+00');
INSERT INTO public.leadway_row VALUES (5, 1, '5', NULL, NULL, 2, '[{"field":"email","code":"email_malformed","message":"The value is not an e-mail address that can receive mail."},{"field":"email","code":"no_identity","message":"The row has no usable value in any field that identifies its contact."}]', NULL, 0, NULL, NULL, NULL, NULL, NULL, 74742500278574, 10475687967707, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:10.325919+00');
INSERT INTO public.leadway_row VALUES (4, 1, '4', NULL, NULL, 3, '[{"field":"email","code":"identity_shared","message":"Another row of this sync has the same value, and only one contact can have it. Key 2 holds it."}]', NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 10475687967707, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:10.339547+00');
INSERT INTO public.leadway_row VALUES (6, 1, '6', NULL, NULL, 6, '[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]', NULL, 0, NULL, NULL, NULL, NULL, NULL, 74742500278574, 10475687967707, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:10.428774+00');
INSERT INTO public.leadway_row VALUES (2, 1, '2', '\xfc94ad571a94bf43dcf7e3ada58ceaa9', '595c087ab045bf3fdd2c', 5, NULL, NULL, 1, NULL, NULL, '\xfdf8c153991d5cc48a10', NULL, NULL, NULL, 10475687967707, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:10.428774+00');
INSERT INTO public.leadway_row VALUES (7, 1, '7', NULL, 'fc859bda0b570383cc5d', 9, NULL, NULL, 1, NULL, NULL, '\xb15b2b7b8d9d8389d1ae', NULL, NULL, NULL, 10475687967707, '2026-11-27 11:31:09.26148+00', '2026-11-27 11:31:10.503063+00');
INSERT INTO public.leadway_row VALUES (18, 4, '2', '\xfce534134ce97d75ee71c4915818a93c', '0df7138de11abf44c062', 4, NULL, NULL, 1, NULL, NULL, '\x4c2b0c87d661916e9a00', NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.507515+00');
INSERT INTO public.leadway_row VALUES (9, 2, '1', NULL, NULL, 7, '[{"field":"","code":"answer_lost","message":"The answer was lost, and the contact may have been created. The account has an older contact 57b5f8a68a1d0697c580 with this e-mail or phone, which hides a new one."}]', NULL, 0, '\x062478c8a9dd3be0e5974c6d1bc6cffe', '2026-11-27 11:31:11.100681+00', NULL, NULL, NULL, NULL, 259887299265169, '2026-11-27 11:31:10.870358+00', '2026-11-27 11:31:11.149136+00');
INSERT INTO public.leadway_row VALUES (10, 2, '2', '\x27aa6d7c8b29e3c5274bc58c5c5d1f7d', '090f91db955c55c7d1b8', 4, NULL, NULL, 1, NULL, NULL, '\xa289da49f9605468cc86', NULL, NULL, NULL, 259887299265169, '2026-11-27 11:31:10.870358+00', '2026-11-27 11:31:11.149136+00');
INSERT INTO public.leadway_row VALUES (13, 3, '3', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:15.735322+00');
INSERT INTO public.leadway_row VALUES (14, 3, '4', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:15.735322+00');
INSERT INTO public.leadway_row VALUES (15, 3, '5', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:15.735322+00');
INSERT INTO public.leadway_row VALUES (16, 3, '6', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:15.735322+00');
INSERT INTO public.leadway_row VALUES (11, 3, '1', '\x6df6b081a687873834fccdc90e2f6e8f', '369777aaa4421cefd040', 4, NULL, NULL, 1, NULL, NULL, '\xa93210828b75a1239dad', NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:15.955263+00');
INSERT INTO public.leadway_row VALUES (12, 3, '2', '\x43d094b53ad1b68d5d3d3093f6231d63', 'b9a67a7e313aec43de19', 4, NULL, NULL, 1, NULL, NULL, '\xf9e0f6a31d5c70e0202f', NULL, NULL, NULL, 74568814307821, '2026-11-27 11:31:15.735322+00', '2026-11-27 11:31:16.002291+00');
INSERT INTO public.leadway_row VALUES (19, 4, '3', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.269536+00');
INSERT INTO public.leadway_row VALUES (20, 4, '4', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.269536+00');
INSERT INTO public.leadway_row VALUES (21, 4, '5', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.269536+00');
INSERT INTO public.leadway_row VALUES (22, 4, '6', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 88628647278438, '2026-11-27 11:31:21.269536+00', '2026-11-27 11:31:21.269536+00');
INSERT INTO public.leadway_row VALUES (24, 5, '2', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 152230662199981, '2026-11-27 11:31:24.301644+00', '2026-11-27 11:31:24.301644+00');
INSERT INTO public.leadway_row VALUES (25, 5, '3', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 152230662199981, '2026-11-27 11:31:24.301644+00', '2026-11-27 11:31:24.301644+00');
INSERT INTO public.leadway_row VALUES (23, 5, '1', '\x116eb6ff5557869983919afbdc25c7a9', '883c23a14f101d54078f', 4, NULL, NULL, 1, NULL, NULL, '\xfcba4e76a7421349ca81', NULL, NULL, NULL, 152230662199981, '2026-11-27 11:31:24.301644+00', '2026-11-27 11:31:24.430424+00');
INSERT INTO public.leadway_row VALUES (26, 6, '1', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 72876263112057, '2026-11-27 11:31:24.73366+00', '2026-11-27 11:31:24.73366+00');
INSERT INTO public.leadway_row VALUES (27, 6, '2', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 72876263112057, '2026-11-27 11:31:24.73366+00', '2026-11-27 11:31:24.73366+00');
INSERT INTO public.leadway_row VALUES (30, 7, '3', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:25.139248+00');
INSERT INTO public.leadway_row VALUES (31, 7, '4', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:25.139248+00');
INSERT INTO public.leadway_row VALUES (32, 7, '5', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:25.139248+00');
INSERT INTO public.leadway_row VALUES (33, 7, '6', NULL, NULL, 0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:25.139248+00');
INSERT INTO public.leadway_row VALUES (28, 7, '1', '\x2f69e22d75c2fcf4b5cc6f531c105133', 'e31af75053f34c4eed2e', 4, NULL, NULL, 1, NULL, NULL, '\x3b8422d90d2338773130', NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:31.153732+00');
INSERT INTO public.leadway_row VALUES (29, 7, '2', '\x7bb39357b9557e9a8c2fe4de7b52ebe7', '7b6ea32a67ad794784d5', 4, NULL, NULL, 1, NULL, NULL, '\x9805e1c84d07ac869de3', NULL, NULL, NULL, 185788790895403, '2026-11-27 11:31:25.139248+00', '2026-11-27 11:31:31.211046+00');
INSERT INTO public.leadway_row VALUES (34, 8, '1', '\x5dc6be92210ed3fafe243151a3f272e3', '1972207836fbe39e3611', 4, NULL, NULL, 1, NULL, NULL, '\x51c14676ca1779ba3675', NULL, NULL, NULL, 53418106867360, '2026-11-27 11:31:34.106376+00', '2026-11-27 11:31:34.40666+00');
INSERT INTO public.leadway_row VALUES (35, 8, '2', '\x382225adab3cd3231f979eb911c2a631', 'bef407a44bc7c3301f8c', 4, NULL, NULL, 1, NULL, NULL, '\x969433c30a138e4b0901', NULL, NULL, NULL, 53418106867360, '2026-11-27 11:31:34.106376+00', '2026-11-27 11:31:34.40666+00');
INSERT INTO public.leadway_row VALUES (36, 9, '1', '\x7105af06f76d7e9dc8aee4d12c9c387f', '7c6dcd47fc10ad19300b', 4, NULL, NULL, 1, NULL, NULL, '\xa26ee91118de0c5faf69', NULL, NULL, NULL, 9408670198444, '2026-11-27 11:31:35.330354+00', '2026-11-27 11:31:35.535311+00');
INSERT INTO public.leadway_row VALUES (37, 9, '2', '\xedcea8b60609251d9b0f5d23c00e569d', 'ecf9f5a74ca427793d24', 4, NULL, NULL, 1, NULL, NULL, '\xc30f333103b27e9153e0', NULL, NULL, NULL, 9408670198444, '2026-11-27 11:31:35.330354+00', '2026-11-27 11:31:35.535311+00');
INSERT INTO public.leadway_row VALUES (38, 11, '3', '\x718083563a1b9d6777a20b841e704fc4', 'a38f5ca5992a1d03b7f8', 4, NULL, NULL, 1, NULL, NULL, '\xf55006e8b7135d8e3f3e', NULL, NULL, NULL, 161352077611119, '2026-11-27 11:31:36.383199+00', '2026-11-27 11:31:36.561784+00');
INSERT INTO public.leadway_row VALUES (39, 12, '1', '\xfc3317c268002a56316be8cb78dbca48', '200fac58b358d3b2cb77', 4, NULL, NULL, 1, NULL, NULL, '\xb3fe37c4e650fddcd9cf', NULL, NULL, NULL, 179247550262494, '2026-11-27 11:31:36.477806+00', '2026-11-27 11:31:36.592353+00');
INSERT INTO public.leadway_row VALUES (40, 12, '2', '\x8f7dcbfec800a12e682003b4ef44e9af', 'bcf3ec935da6c5c859e2', 4, NULL, NULL, 1, NULL, NULL, '\x9b6a29e978dd6a1fc361', NULL, NULL, NULL, 179247550262494, '2026-11-27 11:31:36.477806+00', '2026-11-27 11:31:36.592353+00');
INSERT INTO public.leadway_run VALUES (259887299265169, 2, 'people/first/sync/-1', '\x0742b4573be509870fefd362dfd3424d', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''each_anew'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"],[null,"create_new_if_duplicate_allowed","createNewIfDuplicateAllowed"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"],["create_new_if_duplicate_allowed","boolean",null]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x78016360631805a321301a02233404001bfa0007', 1, 0, NULL, NULL, 1, NULL, 2, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, NULL, 0.4102155970003878, '2026-11-27 11:31:10.773657+00', '2026-11-27 11:31:11.048956+00', '2026-11-27 11:31:11.184676+00');
INSERT INTO public.leadway_run VALUES (74742500278574, 1, 'people/first/sync/-1', '\x0649ae5472cd0b269a235549dfef20ff', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''customers'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x7801fbc7c8300a46436034044668080000003b0100', 1, 0, NULL, NULL, 1, NULL, 8, 0, 0, 1, 1, 4, 1, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 8, NULL, 0.702936373000739, '2026-11-27 11:31:09.054081+00', '2026-11-27 11:31:09.4021+00', '2026-11-27 11:31:09.763537+00');
INSERT INTO public.leadway_run VALUES (10475687967707, 1, 'people/second/sync/-1', '\x0649ae5472cd0b269a235549dfef20ff', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''customers'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x7801ab63641805a321301a0223340400001d0080', 1, 0, NULL, NULL, 1, NULL, 7, 0, 3, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, NULL, 0.5054564829997616, '2026-11-27 11:31:10.032131+00', '2026-11-27 11:31:10.257256+00', '2026-11-27 11:31:10.537377+00');
INSERT INTO public.leadway_run VALUES (74568814307821, 3, 'people/first/sync/-1', '\xc20f47173100d0e060ab311c010de238', 'warehouse (sqlite://:/{source}) by id', 5, 'delivering', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''killed'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x780163f8c1c8300a46436034044666080000e73300fa', 1, 0, NULL, NULL, 1, NULL, 6, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, '2026-11-27 11:31:15.467423+00', '2026-11-27 11:31:15.843793+00', NULL);
INSERT INTO public.leadway_run VALUES (88628647278438, 4, 'people/first/sync/-1', '\x3fde20033fbc57f8e7b064b4be835468', 'warehouse (sqlite://:/{source}) by id', 5, 'delivering', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''left'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x78016360a8631805a321301a0223330400fb13007f', 1, 0, NULL, NULL, 1, NULL, 6, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0, '2026-11-27 11:31:21.009618+00', '2026-11-27 11:31:21.338263+00', NULL);
INSERT INTO public.leadway_run VALUES (152230662199981, 5, 'people/first/sync/-1', '\x7062a718752ccabfdd5083525cad2820', 'warehouse (sqlite://:/{source}) by id', 5, 'delivering', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''deferred'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x780163606860661805a321301a02233204000f150084', 1, 0, NULL, NULL, 1, NULL, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, NULL, 0.2912272679996022, '2026-11-27 11:31:24.179629+00', '2026-11-27 11:31:24.354809+00', NULL);
INSERT INTO public.leadway_run VALUES (179247550262494, 12, 'people/first/sync/-1', '\x49c9ff92eaa43d3b0d740a664c09dabf', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"]]', '{"columns":["id","email","phone","first_name"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x78016360606068600412a3603404464360c485000006190082', 1, 0, NULL, NULL, 1, NULL, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, NULL, 0.3137916169998789, '2026-11-27 11:31:36.314949+00', '2026-11-27 11:31:36.518994+00', '2026-11-27 11:31:36.628262+00');
INSERT INTO public.leadway_run VALUES (72876263112057, 6, 'people/first/plan/-1', '\x9c17272e5342ea16493d13271fc8e0fc', 'warehouse (sqlite://:/{source}) by id', 5, 'dry_run', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''reviewed'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x7801636060e0611805a321301a022332040033dc000d', 1, 0, NULL, NULL, 1, NULL, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, NULL, 0.19442519799940783, '2026-11-27 11:31:24.631345+00', NULL, '2026-11-27 11:31:24.798865+00');
INSERT INTO public.leadway_run VALUES (207347889451162, 8, 'people/second/sync/-1', '\x003054c67b0979beec1bc3a43647147f', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''compared'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x780163606060e001e251301a02a32130f242000033d0000d', 1, 0, NULL, NULL, 1, NULL, 2, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, '{"contacts":20,"drifted_by_field":{},"believed":0,"unmatched":18,"verified":{"verified_at":"2026-11-27T11:31:34.821920+00:00","rows":2,"hash":"af6ba45e5af9d35b74f04938587874a6"}}', 0.38740343900008156, '2026-11-27 11:31:34.670381+00', '2026-11-27 11:31:35.005832+00', '2026-11-27 11:31:35.061949+00');
INSERT INTO public.leadway_run VALUES (53418106867360, 8, 'people/first/sync/-1', '\x003054c67b0979beec1bc3a43647147f', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''compared'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x780163606060e001e251301a02a32130f242000033d0000d', 1, 0, NULL, NULL, 1, NULL, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, '{"contacts":18,"drifted_by_field":{},"believed":0,"unmatched":18}', 0.5602380399996036, '2026-11-27 11:31:33.89614+00', '2026-11-27 11:31:34.23002+00', '2026-11-27 11:31:34.461609+00');
INSERT INTO public.leadway_run VALUES (185788790895403, 7, 'people/first/sync/-1', '\x', 'warehouse (sqlite://:/{source}) by id', 5, 'delivering', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''workers'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x7801636060f8c0cc300a46436034044662080000cd5100f4', 1, 0, NULL, NULL, 3, 2, 6, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, NULL, 0.23943615799998952, '2026-11-27 11:31:25.003599+00', '2026-11-27 11:31:30.804791+00', NULL);
INSERT INTO public.leadway_run VALUES (9408670198444, 9, 'people/first/sync/-1', '\xd7e16e85ca4e4b442717a89f271cc55a', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''recent'' AND changed_at >= :since AND changed_at < :until ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]', '{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', '2026-11-17 00:00:00+00', '\x7801636060603000e251301a02a32130f2420000c3400031', 0, 0, '2026-11-17 00:00:00+00', NULL, 1, NULL, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, NULL, 0.37303366500054835, '2026-11-27 11:31:35.199265+00', '2026-11-27 11:31:35.386452+00', '2026-11-27 11:31:35.571775+00');
INSERT INTO public.leadway_run VALUES (245863789624437, 10, 'people/first/sync/-1', '\xfff61c92c0767df45ea44f8be0718a44', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id', '[]', '{"accounts":{"north":"","sandbox-location":""}}', NULL, NULL, '\x7801030000000001', 1, 0, NULL, NULL, 1, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0.8307310979998874, '2026-11-27 11:31:35.828147+00', '2026-11-27 11:31:36.219869+00', '2026-11-27 11:31:36.710687+00');
INSERT INTO public.leadway_run VALUES (161352077611119, 11, 'people/first/sync/-1', '\x925b32dbb5d69800af8ddae3ca000274', 'warehouse (sqlite://:/{source}) by id', 5, 'finished', 'SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id', '[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"]]', '{"columns":["id","email","phone","first_name"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"]]}', '{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}', NULL, '\x7801636060607000e251301a02a32130f2420000030f0041', 1, 0, NULL, NULL, 1, NULL, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, NULL, 0.29168003700033296, '2026-11-27 11:31:36.307786+00', '2026-11-27 11:31:36.468056+00', '2026-11-27 11:31:36.602125+00');
INSERT INTO public.leadway_sync VALUES (9, 'recent', '{host}', 'sandbox-location', '2026-11-27 11:31:35.149635+00', NULL, 0, NULL, NULL, NULL, '2026-11-17 00:00:00+00', NULL);
INSERT INTO public.leadway_sync VALUES (1, 'customers', '{host}', 'sandbox-location', '2026-11-27 11:31:08.96716+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (2, 'each_anew', '{host}', 'sandbox-location', '2026-11-27 11:31:10.71729+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (3, 'killed', '{host}', 'sandbox-location', '2026-11-27 11:31:15.121215+00', '69fc183b7a454068aa15babc46bd4995', 0, 'people/first/sync/-1', 'another-machine 24658', NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (4, 'left', '{host}', 'sandbox-location', '2026-11-27 11:31:18.29971+00', 'c87bfe37c0c4479ebc106415581aa2cd', 0, 'people/first/sync/-1', 'another-machine 24782', NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (5, 'deferred', '{host}', 'sandbox-location', '2026-11-27 11:31:21.593947+00', '7d6b4090abb2407095f344947eaad490', 0, 'people/first/sync/-1', 'another-machine 23650', '2026-11-27 11:46:25.471357+00', NULL, NULL);
INSERT INTO public.leadway_sync VALUES (11, 'accounts', '{host}', 'sandbox-location', '2026-11-27 11:31:36.287814+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (6, 'reviewed', '{host}', 'sandbox-location', '2026-11-27 11:31:24.568499+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (12, 'accounts', '{host}', 'north', '2026-11-27 11:31:36.287522+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (10, 'accounts', '{host}', '*', '2026-11-27 11:31:35.798424+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (7, 'workers', '{host}', 'sandbox-location', '2026-11-27 11:31:24.926206+00', 'run a8f952e2732b', 1, 'people/first/sync/-1', '', NULL, NULL, NULL);
INSERT INTO public.leadway_sync VALUES (8, 'compared', '{host}', 'sandbox-location', '2026-11-27 11:31:31.284933+00', NULL, 0, NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.leadway_token VALUES ('identities of sync 1', 2, 'gAAAAABrCWn-Bv6NgBLkiDcUoN0jIDHkMfK7vvCbBdpAhf2wZ-sJFo78g4XYPCvGev-ELIXEpsKzJaeB4NYrJFMU-iGEdV8rZZWIWZXLhSPnO2FQxg62oVxGyMNTrWkac9XBmg7C4smIJRM88z1W7frJ1n2Jb-ju_6tFof_Lx7Qx8mX9uLjscx-d1GFV2ppetZqd5NZnINx_', NULL, NULL, '2026-11-27 11:31:10.098511+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 2', 1, 'gAAAAABrCWn-WaxxtXOH26-Z1Xj1boxUGGnD6OOnBw2MS-8R9UMTDBIHhe-_epcl4GjhYBCbvvRL94knrHLMpivyFCjVi6_MtGdl9GueocKkBQ5fHG9YRvgoawatazkTBnQexBESCKTQUDIn-LOGxmj97mSPfkN_PRkIuov2eCl3EDHKn46pXz-dwIEAntBZN2QhhMLlKBBa', NULL, NULL, '2026-11-27 11:31:10.838083+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 3', 1, 'gAAAAABrCWoDpgfYpOSZDWLJk9ENSsVNbUSsNmgwi8XykZa9FIbRT1NQD28EpO4ej2RE0H4F3GzZ9799Xet6lw8Sqgf1ABsxi6M_HIVj-awjIeK9abswgYd83DYN-58YyoJ1sHjap2bhePfJRArOuGBjeDqMoPRpfvin2UErrpRQZzitMs4UIPafRo4ryKZ-j4JzoeJyjg6A', NULL, NULL, '2026-11-27 11:31:15.538413+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 4', 1, 'gAAAAABrCWoJxIVjdOBk8-U_BSwy7Ht1zWtkXjL3nlRuDbYhQCvDUA3YGbl6sAt8Fe_srEya3rtcHCkpRF68xf9imy_-f47w4wQ3r8-QJhJsn0WTtj3zQ6QChLeHU7G6oMD_NCouDY6QUL0seJwbkhYgLrc9roaqMPSxLDFac24J_tl9Y1ltAgfyKMWOAkbID-iPrCLs7TxJ', NULL, NULL, '2026-11-27 11:31:21.069589+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 5', 1, 'gAAAAABrCWoMvBSZ4rUEzYs2NE0iUtw20G6noGBUEoLa5HZmOw-xTDHFHoc2Woo9NDtv6UTIpJpRAKNPlEpBmuTz4wOvMxuH1mHk9hqaKF1HdXZ6OHU621Qb2T1uf7Ym9nvVa2htBidv-xGip8k1qqfFfE6vruKJV16XahuFcYXzN3-Y6br2U7tSA-ed247rPUx4WSp0R0xJ', NULL, NULL, '2026-11-27 11:31:24.262722+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 6', 1, 'gAAAAABrCWoMP0GCiBnPEGKTIbBGxub6niburRxScBml3ScFVIIWSoq2EwSx1pecj3irQBFYI2sY7xHIh8hGfJFj5GzY3XG7aRybzqQ20HqeffAh3LOJ8Y6wCPkjMq6p9eKIMEHR3g6gF0wvPT_rNgw-dxrS3bl-2zPCQKsPmc41mngmlIJRwpWEFYxli0WMi0A69EE9zbGr', NULL, NULL, '2026-11-27 11:31:24.68855+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 7', 2, 'gAAAAABrCWoTYpoyHeU1bpdHuiwW4BIQP115o_K6kWgbHqDMZLRryyvf0u9fWfM1xUS-jaRLj32043vSkgGFNxHyuQn7CezjT9r9AEkr3u1nFS2E68HIMX2e8Af12h7jkgP3n8-4VCHci56nCUtp56LsA0I7uFbUyAjxRUdi6x3sdiFXSF2EP1VQT71Ub-4okc0jiqnhoT4o', NULL, NULL, '2026-11-27 11:31:31.027314+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 8', 2, 'gAAAAABrCWoW9iVrbR4JsJ2uR1QlrTw59sBpFzSheOEpFp0Xr_U1hUDC9WXYwRIrUpn6lEsapPbAXc2aDHG42tVww43wI50vDYrwaXQbjjhgQdbfVFYf_HLS7tRZupr8QMe9DA3qo_wc7PVdp_EQLL3LOpCr3iCyw5dlBoDIAp-SOGiGtY0hShbe62bb2tGxUJ7s-_yIYGKZ', NULL, NULL, '2026-11-27 11:31:34.756857+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 9', 1, 'gAAAAABrCWoXWBS9Q3gUxUn1scxCz5WBkEVQlAGocrbStkQw8A2COCtt6PvIW6RJvuZYBX1Gvl3OtqwFoz_lQxVk3Acsj8EvGGSPql8maDS-dQquLvB-RI0dL4sDY4bHMMg5NCV7MLW74J9JCt24-gXi80pjpebgheurMCkqZt40JBmosobSISQ85lyevFeKRwcMaZP3mf7M', NULL, NULL, '2026-11-27 11:31:35.269733+00');
INSERT INTO public.leadway_token VALUES ('44cabf3c657393b0222667505a4134b2755fc9f1e50019d05ba55946743fdb3d', 1, 'gAAAAABrCWoXWU94eHCaSAwyQdF06bOu--MCu4ItM_TDJi82aCzm__Y7Y4nMWeQljyP4Lbnr4Hsw7Ah5px4GF3Kp8WomHlIsREABGPb5o-6tILllUrC2MoNYbU0WJRf7QT1DK1lkUNS9xtJZFLx5T-xXBX3GCwGZDYmPmW8M50T7sFFjc2Q65-oBhc7LxJY7Qu_MdJNQetA_r-PlmreEST2X62ViQfs5KT3ntL77zSBLrIbnx4qY1VkXf4f2FE3HcddNOY8DEC8m8MR9IdgXbeHwaGHsKiAYPLX5DAfDvmeLi6qPLtzgx4j1f0T2hmQPGzUf2_XV08u5BLxzOar22oP4fQLyN2OsoP0Uahab3v6aPz2d3iAjnWI=', NULL, NULL, '2026-11-27 11:31:35.942487+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 11', 1, 'gAAAAABrCWoYywKjAlsD5WaIStlsdYxW_yAyCpVhyRXLpj9JPYr0HskWMwqR7V2ZuYFX3pMSWK2fNvCeEJLWIK9-vxytNmuhl4t7NlZsR7cON3yHMYWqhCRV414PDwv3KDh3fM61hmtIrKj-UPvoLMAbIbP39wiW7wWBkDcdNnJoCwRmi0EfJixXGkNTqozr8tPNhWaw-okx04bxeRUIBgdIoDuLWbsQSg==', NULL, NULL, '2026-11-27 11:31:36.340433+00');
INSERT INTO public.leadway_token VALUES ('identities of sync 12', 1, 'gAAAAABrCWoYGqkdMhxI6PfpOdptDY_fD50TqTcv9pEypX8qKb_3Oav-wthz2GAADXz4i04JXm1-NqwilSEcNCZqdY3AL0I1b480VZ4SyhMznul8FgVrGPVJZAdEeceEPjYc6udIHXbw6jJPrfe2SzvZtTXWsFzqDKC9duiIzcSiEGmBFBoI3IhTNlQCUzKaG_szCDnsW7cnajc6d5TTyJXNTttDXwb-qg==', NULL, NULL, '2026-11-27 11:31:36.418941+00');
INSERT INTO public.leadway_usage VALUES (1, 1, 74742500278574, '2026-11-27 11:31:09.749328+00', 0.5758226530006141, 8, 6, 199992);
INSERT INTO public.leadway_usage VALUES (2, 1, 10475687967707, '2026-11-27 11:31:10.531323+00', 0.4444677169994975, 4, 2, 199988);
INSERT INTO public.leadway_usage VALUES (3, 2, 259887299265169, '2026-11-27 11:31:11.17945+00', 0.3514781710000534, 4, 2, 199984);
INSERT INTO public.leadway_usage VALUES (4, 5, 152230662199981, '2026-11-27 11:31:24.45488+00', 0.20517355799984216, 3, 1, 199973);
INSERT INTO public.leadway_usage VALUES (5, 6, 72876263112057, '2026-11-27 11:31:24.824163+00', 0.14979115099959017, 1, 0, 199972);
INSERT INTO public.leadway_usage VALUES (6, 7, 185788790895403, '2026-11-27 11:31:25.241208+00', 0.17693312099981995, 1, 0, 199971);
INSERT INTO public.leadway_usage VALUES (7, 8, 53418106867360, '2026-11-27 11:31:34.454136+00', 0.48929628299993055, 5, 2, 199962);
INSERT INTO public.leadway_usage VALUES (8, 8, 207347889451162, '2026-11-27 11:31:35.05058+00', 0.3081083839997518, 3, 0, 199959);
INSERT INTO public.leadway_usage VALUES (9, 9, 9408670198444, '2026-11-27 11:31:35.569014+00', 0.30934873099977267, 3, 2, 199956);
INSERT INTO public.leadway_usage VALUES (10, 11, 161352077611119, '2026-11-27 11:31:36.597677+00', 0.27141547099927266, 3, 1, 199954);
INSERT INTO public.leadway_usage VALUES (11, 12, 179247550262494, '2026-11-27 11:31:36.622474+00', 0.232863618999545, 5, 2, 199997);
INSERT INTO public.leadway_worker VALUES (185788790895403, '4f8d0bc54c374983b10fc29a92eb22a8', 0, 'people/first/sync/-1', 'another-machine 25055');
SELECT pg_catalog.setval('public.leadway_delivery_id_seq', 25, true);
SELECT pg_catalog.setval('public.leadway_outbox_id_seq', 45, true);
SELECT pg_catalog.setval('public.leadway_row_id_seq', 40, true);
SELECT pg_catalog.setval('public.leadway_sync_id_seq', 12, true);
SELECT pg_catalog.setval('public.leadway_usage_id_seq', 11, true);
ALTER TABLE ONLY public.leadway_alembic_version
    ADD CONSTRAINT leadway_alembic_version_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.leadway_alert
    ADD CONSTRAINT leadway_alert_once PRIMARY KEY (sync_id, notifier, condition);
ALTER TABLE ONLY public.leadway_claim
    ADD CONSTRAINT leadway_claim_once PRIMARY KEY (sync_id, identity, row_id);
ALTER TABLE ONLY public.leadway_delivery
    ADD CONSTRAINT leadway_delivery_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_outbox
    ADD CONSTRAINT leadway_outbox_once UNIQUE (row_id, run_id);
ALTER TABLE ONLY public.leadway_outbox
    ADD CONSTRAINT leadway_outbox_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_part
    ADD CONSTRAINT leadway_part_once PRIMARY KEY (run_id, number);
ALTER TABLE ONLY public.leadway_quota_lease
    ADD CONSTRAINT leadway_quota_lease_of PRIMARY KEY (host, location_id, app);
ALTER TABLE ONLY public.leadway_quota
    ADD CONSTRAINT leadway_quota_of PRIMARY KEY (host, location_id);
ALTER TABLE ONLY public.leadway_reason
    ADD CONSTRAINT leadway_reason_once PRIMARY KEY (row_id, code);
ALTER TABLE ONLY public.leadway_row
    ADD CONSTRAINT leadway_row_key UNIQUE (sync_id, source_key);
ALTER TABLE ONLY public.leadway_row
    ADD CONSTRAINT leadway_row_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_run
    ADD CONSTRAINT leadway_run_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_snapshot
    ADD CONSTRAINT leadway_snapshot_once PRIMARY KEY (run_id, contact_id);
ALTER TABLE ONLY public.leadway_staged_claim
    ADD CONSTRAINT leadway_staged_once PRIMARY KEY (run_id, identity, row_id);
ALTER TABLE ONLY public.leadway_sync
    ADD CONSTRAINT leadway_sync_identity UNIQUE (name, host, location_id);
ALTER TABLE ONLY public.leadway_sync
    ADD CONSTRAINT leadway_sync_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_token
    ADD CONSTRAINT leadway_token_pkey PRIMARY KEY (family);
ALTER TABLE ONLY public.leadway_usage
    ADD CONSTRAINT leadway_usage_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.leadway_worker
    ADD CONSTRAINT leadway_worker_pkey PRIMARY KEY (run_id, token);
CREATE INDEX leadway_claim_row ON public.leadway_claim USING btree (row_id);
CREATE INDEX leadway_claim_waiting ON public.leadway_claim USING btree (sync_id, kind, identity, row_id) WHERE (kind = 0);
CREATE INDEX leadway_delivery_age ON public.leadway_delivery USING btree (sync_id, delivered_at);
CREATE INDEX leadway_delivery_contact ON public.leadway_delivery USING btree (contact_id);
CREATE INDEX leadway_delivery_key ON public.leadway_delivery USING btree (source_key);
CREATE INDEX leadway_outbox_order ON public.leadway_outbox USING btree (run_id, outcome, id);
CREATE INDEX leadway_outbox_part ON public.leadway_outbox USING btree (run_id, part, id) WHERE (part IS NOT NULL);
CREATE INDEX leadway_reason_by_run ON public.leadway_reason USING btree (run_id, outcome, code, row_id);
CREATE INDEX leadway_reason_by_sync ON public.leadway_reason USING btree (sync_id, outcome, code, row_id);
CREATE INDEX leadway_row_also_in_crm ON public.leadway_row USING btree (also_in_crm, sync_id) WHERE (also_in_crm IS NOT NULL);
CREATE INDEX leadway_row_collision ON public.leadway_row USING btree (collides_with, sync_id) WHERE (collides_with IS NOT NULL);
CREATE INDEX leadway_row_contact ON public.leadway_row USING btree (sync_id, contact_id) WHERE (contact_id IS NOT NULL);
CREATE INDEX leadway_row_in_crm ON public.leadway_row USING btree (in_crm, sync_id) WHERE (in_crm IS NOT NULL);
CREATE INDEX leadway_row_outcome ON public.leadway_row USING btree (sync_id, outcome, id);
CREATE INDEX leadway_row_run ON public.leadway_row USING btree (run_id, outcome, id);
CREATE INDEX leadway_run_by_start ON public.leadway_run USING btree (sync_id, started_at, id);
CREATE INDEX leadway_run_by_sync ON public.leadway_run USING btree (sync_id, status);
CREATE INDEX leadway_snapshot_email ON public.leadway_snapshot USING btree (email, run_id) WHERE (email IS NOT NULL);
CREATE INDEX leadway_snapshot_phone ON public.leadway_snapshot USING btree (phone, run_id) WHERE (phone IS NOT NULL);
CREATE INDEX leadway_staged_row ON public.leadway_staged_claim USING btree (row_id);
CREATE INDEX leadway_staged_waiting ON public.leadway_staged_claim USING btree (run_id, kind, identity, row_id) WHERE (kind = 0);
CREATE INDEX leadway_usage_of_run ON public.leadway_usage USING btree (run_id, measured_at);
CREATE INDEX leadway_usage_of_sync ON public.leadway_usage USING btree (sync_id, measured_at);
ALTER TABLE ONLY public.leadway_alert
    ADD CONSTRAINT leadway_alert_of_sync FOREIGN KEY (sync_id) REFERENCES public.leadway_sync(id);
ALTER TABLE ONLY public.leadway_claim
    ADD CONSTRAINT leadway_claim_of_row FOREIGN KEY (row_id) REFERENCES public.leadway_row(id);
ALTER TABLE ONLY public.leadway_claim
    ADD CONSTRAINT leadway_claim_of_sync FOREIGN KEY (sync_id) REFERENCES public.leadway_sync(id);
ALTER TABLE ONLY public.leadway_outbox
    ADD CONSTRAINT leadway_outbox_of_row FOREIGN KEY (row_id) REFERENCES public.leadway_row(id);
ALTER TABLE ONLY public.leadway_outbox
    ADD CONSTRAINT leadway_outbox_of_run FOREIGN KEY (run_id) REFERENCES public.leadway_run(id);
ALTER TABLE ONLY public.leadway_reason
    ADD CONSTRAINT leadway_reason_of_row FOREIGN KEY (row_id) REFERENCES public.leadway_row(id);
ALTER TABLE ONLY public.leadway_row
    ADD CONSTRAINT leadway_row_of_sync FOREIGN KEY (sync_id) REFERENCES public.leadway_sync(id);
ALTER TABLE ONLY public.leadway_run
    ADD CONSTRAINT leadway_run_of_sync FOREIGN KEY (sync_id) REFERENCES public.leadway_sync(id);
ALTER TABLE ONLY public.leadway_snapshot
    ADD CONSTRAINT leadway_snapshot_of_run FOREIGN KEY (run_id) REFERENCES public.leadway_run(id);
ALTER TABLE ONLY public.leadway_staged_claim
    ADD CONSTRAINT leadway_staged_of_row FOREIGN KEY (row_id) REFERENCES public.leadway_row(id);
ALTER TABLE ONLY public.leadway_staged_claim
    ADD CONSTRAINT leadway_staged_of_run FOREIGN KEY (run_id) REFERENCES public.leadway_run(id);
