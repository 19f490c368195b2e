BEGIN TRANSACTION;
CREATE TABLE leadway_alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT leadway_alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "leadway_alembic_version" VALUES('0001');
CREATE TABLE leadway_alert (
	sync_id INTEGER NOT NULL, 
	notifier VARCHAR(64) NOT NULL, 
	condition VARCHAR(190) NOT NULL, 
	met_at DATETIME NOT NULL, 
	CONSTRAINT leadway_alert_once PRIMARY KEY (sync_id, notifier, condition), 
	CONSTRAINT leadway_alert_of_sync FOREIGN KEY(sync_id) REFERENCES leadway_sync (id)
);
INSERT INTO "leadway_alert" VALUES(1,'ignore','RejectedShare(above=0.1)','2026-11-27 11:30:43.990808');
CREATE TABLE leadway_claim (
	sync_id INTEGER NOT NULL, 
	identity BLOB NOT NULL, 
	row_id INTEGER NOT NULL, 
	kind SMALLINT NOT NULL, 
	CONSTRAINT leadway_claim_once PRIMARY KEY (sync_id, identity, row_id), 
	CONSTRAINT leadway_claim_of_sync FOREIGN KEY(sync_id) REFERENCES leadway_sync (id), 
	CONSTRAINT leadway_claim_of_row FOREIGN KEY(row_id) REFERENCES leadway_row (id)
)
 WITHOUT ROWID

;
INSERT INTO "leadway_claim" VALUES(1,X'1A48C8F3638D05729FF5',6,1);
INSERT INTO "leadway_claim" VALUES(1,X'325C3A2CAFE568ED7C4D',3,1);
INSERT INTO "leadway_claim" VALUES(1,X'3CE0DEA16B6A1C3B5F77',2,1);
INSERT INTO "leadway_claim" VALUES(1,X'3CE0DEA16B6A1C3B5F77',4,0);
INSERT INTO "leadway_claim" VALUES(1,X'70E4873B8EACAE414427',1,1);
INSERT INTO "leadway_claim" VALUES(1,X'75CE18690C2ADC6F4310',8,1);
INSERT INTO "leadway_claim" VALUES(2,X'5320A1B431BDA64EFB65',10,1);
INSERT INTO "leadway_claim" VALUES(2,X'5EE3CC3713FCED9A7338',9,1);
INSERT INTO "leadway_claim" VALUES(3,X'36A50DB4F95CAD648D5B',15,1);
INSERT INTO "leadway_claim" VALUES(3,X'42ED9049E24ED719675F',14,1);
INSERT INTO "leadway_claim" VALUES(3,X'61555AADD6B200E5C165',11,1);
INSERT INTO "leadway_claim" VALUES(3,X'9C1C8229961B4A3BF45B',13,1);
INSERT INTO "leadway_claim" VALUES(3,X'C1F857426F6998F587D4',12,1);
INSERT INTO "leadway_claim" VALUES(3,X'FB685A60B5B70F60CC9D',16,1);
INSERT INTO "leadway_claim" VALUES(4,X'565BB7B5F7802E8F036D',20,1);
INSERT INTO "leadway_claim" VALUES(4,X'6C1F3558E98FAB5B4B4F',21,1);
INSERT INTO "leadway_claim" VALUES(4,X'853B00D8664FFB3BC483',18,1);
INSERT INTO "leadway_claim" VALUES(4,X'A1E568ABE5F99BFE6A17',22,1);
INSERT INTO "leadway_claim" VALUES(4,X'E30F9427A84FEA5935A6',17,1);
INSERT INTO "leadway_claim" VALUES(4,X'EC807107543EF7DBF554',19,1);
INSERT INTO "leadway_claim" VALUES(5,X'5EE2C368B28418F2FE5F',23,1);
INSERT INTO "leadway_claim" VALUES(5,X'93CCC4CA56777196BD49',25,1);
INSERT INTO "leadway_claim" VALUES(5,X'DE99D2F71DCBDE07EDDB',24,1);
INSERT INTO "leadway_claim" VALUES(6,X'08B935DE04E3C36FB418',27,1);
INSERT INTO "leadway_claim" VALUES(6,X'0A52C62EBA35E5274019',26,1);
INSERT INTO "leadway_claim" VALUES(7,X'081E896694F1CA4B95CD',33,1);
INSERT INTO "leadway_claim" VALUES(7,X'3EF47678AA2CEAE23A3F',29,1);
INSERT INTO "leadway_claim" VALUES(7,X'6B57FEF7EA733F36151C',30,1);
INSERT INTO "leadway_claim" VALUES(7,X'785F31E222FF64129BDF',28,1);
INSERT INTO "leadway_claim" VALUES(7,X'AEF35E292DD59BE160AA',32,1);
INSERT INTO "leadway_claim" VALUES(7,X'E6E9A4C43699783F48F6',31,1);
INSERT INTO "leadway_claim" VALUES(8,X'6563BBE8578A2DD6E68B',35,1);
INSERT INTO "leadway_claim" VALUES(8,X'DE6DAD18FED58DDBBF2F',34,1);
INSERT INTO "leadway_claim" VALUES(9,X'7AC17EE895E3461BB788',37,1);
INSERT INTO "leadway_claim" VALUES(9,X'B8998ADD0CEEEF38449E',36,1);
INSERT INTO "leadway_claim" VALUES(11,X'4F4259F62F7A3E271274',38,1);
INSERT INTO "leadway_claim" VALUES(11,X'B4E4C76FD8FFB1DD87A4',39,1);
INSERT INTO "leadway_claim" VALUES(12,X'F09366F3BAFFED96483C',40,1);
CREATE TABLE leadway_delivery (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync_id INTEGER NOT NULL, 
	delivered_at BIGINT NOT NULL, 
	attempt SMALLINT NOT NULL, 
	status SMALLINT, 
	run_id INTEGER NOT NULL, 
	source_key VARCHAR(255) NOT NULL, 
	contact_id VARCHAR(255), 
	outcome SMALLINT NOT NULL, 
	fields TEXT, 
	not_kept TEXT, 
	reasons TEXT, 
	trace_id BLOB
);
INSERT INTO "leadway_delivery" VALUES(1,1,1795779043051045,1,200,118018332247530,'1','f37812046678a8cc7a2e',5,'d',NULL,'[{"field":"phone","code":"phone_impossible","message":"The value is not a possible phone number of its country."}]',X'A5E0D0B3969B4E859FEB51626AD9A7E3');
INSERT INTO "leadway_delivery" VALUES(2,1,1795779043051045,1,201,118018332247530,'3','d14c4283db28cce50b47',4,'e',NULL,NULL,X'8DEE1A5036244DFABCF2B428BFAA1915');
INSERT INTO "leadway_delivery" VALUES(3,1,1795779043051045,1,422,118018332247530,'6',NULL,6,'d',NULL,'[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]',NULL);
INSERT INTO "leadway_delivery" VALUES(4,1,1795779043051045,1,201,118018332247530,'7','18d1d4689b43b2f36863',4,'d',NULL,NULL,X'F66FFFA8D6FB47DD8EBF431AEFDAB506');
INSERT INTO "leadway_delivery" VALUES(5,1,1795779043051045,1,201,118018332247530,'8','2d85bbaeda2f54e0d97a',4,'d',NULL,'[{"field":"phone","code":"phone_region_unknown","message":"The number has no country code: map country, or set phone_region."}]',X'29C592138F6143D2A52AFA50B2FD1426');
INSERT INTO "leadway_delivery" VALUES(6,1,1795779043075064,1,201,118018332247530,'2','5b1db477e99fda119b72',4,'d',NULL,NULL,X'8A3F737D15A540FE9895D2F612CD322A');
INSERT INTO "leadway_delivery" VALUES(7,1,1795779043803321,1,200,272463856212074,'2','5b1db477e99fda119b72',5,'d',NULL,NULL,NULL);
INSERT INTO "leadway_delivery" VALUES(8,1,1795779043803321,1,422,272463856212074,'6',NULL,6,'d',NULL,'[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]',NULL);
INSERT INTO "leadway_delivery" VALUES(9,1,1795779043858755,1,NULL,272463856212074,'7','18d1d4689b43b2f36863',9,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_delivery" VALUES(10,2,1795779044294673,1,201,281403782666581,'2','c321d1111dd7b4411a55',4,'15',NULL,NULL,X'EFA299254182488D85AB4F11B50A3446');
INSERT INTO "leadway_delivery" VALUES(11,2,1795779044294673,1,NULL,281403782666581,'1',NULL,7,'15',NULL,'[{"field":"","code":"answer_lost","message":"The answer was lost, and the contact may have been created. The account has an older contact ad01c012371b2f9be70c with this e-mail or phone, which hides a new one."}]',NULL);
INSERT INTO "leadway_delivery" VALUES(12,3,1795779047419583,1,201,244966320461501,'1','cc85b2635b14a8c730c6',4,'5',NULL,NULL,X'96BD936F28154E35BB554062CF1BAAA6');
INSERT INTO "leadway_delivery" VALUES(13,3,1795779047438111,1,201,244966320461501,'2','6249641622f2282efca1',4,'5',NULL,NULL,X'1DDE863DAF964DDEB456F8945A22EE06');
INSERT INTO "leadway_delivery" VALUES(14,4,1795779053895774,1,201,54372195105752,'1','9c14968d1d27b189e7ea',4,'5',NULL,NULL,X'5CA13C27814C48A582D3C23E184E87DA');
INSERT INTO "leadway_delivery" VALUES(15,4,1795779053914751,1,201,54372195105752,'2','f7cbdb805eaffe574872',4,'5',NULL,NULL,X'BED9A8A68B134B2DA67000201DC73766');
INSERT INTO "leadway_delivery" VALUES(16,5,1795779056714177,1,201,148651430101175,'1','e5855eaad9b990dc0282',4,'5',NULL,NULL,X'1E8953DC4FC54DCDB34A2F9DA09FB19F');
INSERT INTO "leadway_delivery" VALUES(17,7,1795779062955266,3,201,194273446675607,'1','b8b01fee666c31d009c4',4,'5',NULL,NULL,X'748B1098527540308482445174819F48');
INSERT INTO "leadway_delivery" VALUES(18,7,1795779062990727,3,201,194273446675607,'2','fa64d93e2a4060b9b1dc',4,'5',NULL,NULL,X'1D4F024464984BF082D9FADA04F47358');
INSERT INTO "leadway_delivery" VALUES(19,8,1795779065840421,1,201,155601496902334,'1','8e115aa6735cf6f4e888',4,'5',NULL,NULL,X'C2BE512A01624EA3B952FD535175185D');
INSERT INTO "leadway_delivery" VALUES(20,8,1795779065840421,1,201,155601496902334,'2','6baf69fcf0c841588870',4,'5',NULL,NULL,X'21C7F487F1D949538325A95CD3FB03B2');
INSERT INTO "leadway_delivery" VALUES(21,9,1795779066639028,1,201,182641694880783,'1','63a03663ffb035db952a',4,'5',NULL,NULL,X'BBC76980A3C64534A739DDC1700876EA');
INSERT INTO "leadway_delivery" VALUES(22,9,1795779066639028,1,201,182641694880783,'2','e3cea8e876c6683673e7',4,'5',NULL,NULL,X'1924BD5E9743495BBF6D27B1F21A0204');
INSERT INTO "leadway_delivery" VALUES(23,11,1795779067616442,1,201,189577660431041,'1','b7294c50f290c0f6ee70',4,'5',NULL,NULL,X'DDBF5C72957E49CCBE33345E9FD61BA2');
INSERT INTO "leadway_delivery" VALUES(24,11,1795779067616442,1,201,189577660431041,'2','4f40f722961bee617b9d',4,'5',NULL,NULL,X'1729F57AFEDF4E0495E43138EF8231D3');
INSERT INTO "leadway_delivery" VALUES(25,12,1795779067634031,1,201,14598200907755,'3','9f67d3e3b6eaf5c95d73',4,'5',NULL,NULL,X'EDD3B6D8D28C444CB14D6C8DC13F8E23');
CREATE TABLE leadway_outbox (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	run_id INTEGER NOT NULL, 
	row_id INTEGER NOT NULL, 
	source_key VARCHAR(255) NOT NULL, 
	outcome SMALLINT NOT NULL, 
	fingerprint BLOB, 
	contact TEXT, 
	lanes TEXT, 
	claimed TEXT, 
	refusals INTEGER DEFAULT '0' NOT NULL, 
	carried SMALLINT DEFAULT '0' NOT NULL, 
	created_at BIGINT NOT NULL, 
	withheld SMALLINT NOT NULL, 
	reasons TEXT, 
	in_crm TEXT, 
	part INTEGER, 
	CONSTRAINT leadway_outbox_once UNIQUE (row_id, run_id), 
	CONSTRAINT leadway_outbox_of_run FOREIGN KEY(run_id) REFERENCES leadway_run (id), 
	CONSTRAINT leadway_outbox_of_row FOREIGN KEY(row_id) REFERENCES leadway_row (id)
);
INSERT INTO "leadway_outbox" VALUES(10,272463856212074,6,'6',6,X'F461A113923E3A082E5C0B84FDF5344C','{"fields":{"email":"eva@example.com","firstName":"Eva"},"add_tags":[],"remove_tags":["left"],"withheld":[],"notes":[]}',NULL,'1a48c8f3638d05729ff5',2,0,1795779043571230,0,'[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]',NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(18,244966320461501,13,'3',0,X'6F3C092FD183EF0F14980B0A63ADAF63','{"fields":{"email":"killed3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'9c1c8229961b4a3bf45b',0,0,1795779047255766,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(19,244966320461501,14,'4',0,X'68D93DC30110EC096BDA5D8A7ECF4693','{"fields":{"email":"killed4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'42ed9049e24ed719675f',0,0,1795779047255766,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(20,244966320461501,15,'5',0,X'9960D7E3A29F00BC39569E7928B292C6','{"fields":{"email":"killed5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'36a50db4f95cad648d5b',0,0,1795779047255766,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(21,244966320461501,16,'6',0,X'624D0CDD841CA38C55B326F7D5F5AA56','{"fields":{"email":"killed6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'fb685a60b5b70f60cc9d',0,0,1795779047255766,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(24,54372195105752,19,'3',0,X'2353095696837408638A28C0FA92AC5D','{"fields":{"email":"left3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'ec807107543ef7dbf554',0,0,1795779053740145,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(25,54372195105752,20,'4',0,X'309A40444E22F5D00555902849A3C1C7','{"fields":{"email":"left4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'565bb7b5f7802e8f036d',0,0,1795779053740145,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(26,54372195105752,21,'5',0,X'43AF519B66ABD54AFFF69BD29F989985','{"fields":{"email":"left5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'6c1f3558e98fab5b4b4f',0,0,1795779053740145,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(27,54372195105752,22,'6',0,X'EEEC5FAF043AE9C0EE877BCAD62C6E5A','{"fields":{"email":"left6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'a1e568abe5f99bfe6a17',0,0,1795779053740145,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(29,148651430101175,24,'2',0,X'BC96A89B7DC10A6926F22D314BE0EF24','{"fields":{"email":"deferred2@example.com","firstName":"First 2"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'de99d2f71dcbde07eddb',0,0,1795779056610260,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(30,148651430101175,25,'3',0,X'733A98CA383C0B75425CD695B0CF388A','{"fields":{"email":"deferred3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'93ccc4ca56777196bd49',0,0,1795779056610260,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(31,186661809641791,26,'1',0,X'6FCF90782859C6AE400E0F3A8D462916','{"fields":{"email":"reviewed1@example.com","firstName":"First 1"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'0a52c62eba35e5274019',0,0,1795779057163013,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(32,186661809641791,27,'2',0,X'1DF91C720ED04BE1BF59DA39FF91AAF6','{"fields":{"email":"reviewed2@example.com","firstName":"First 2"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'08b935de04e3c36fb418',0,0,1795779057163013,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(35,194273446675607,30,'3',0,X'C7904B67BFAB821AB45ECAB4A74387CC','{"fields":{"email":"workers3@example.com","firstName":"First 3"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'6b57fef7ea733f36151c',0,0,1795779057453341,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(36,194273446675607,31,'4',0,X'C1A4E0B55AB90472DDC9009BEC6C7A18','{"fields":{"email":"workers4@example.com","firstName":"First 4"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'e6e9a4c43699783f48f6',0,0,1795779057453341,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(37,194273446675607,32,'5',0,X'7580649D8632701CA842AA81843EB85F','{"fields":{"email":"workers5@example.com","firstName":"First 5"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'aef35e292dd59be160aa',0,0,1795779057453341,0,NULL,NULL,NULL);
INSERT INTO "leadway_outbox" VALUES(38,194273446675607,33,'6',0,X'7366B6009F6ADEE320F06B2032525656','{"fields":{"email":"workers6@example.com","firstName":"First 6"},"add_tags":[],"remove_tags":[],"withheld":[],"notes":[]}',NULL,'081e896694f1ca4b95cd',0,0,1795779057453341,0,NULL,NULL,NULL);
CREATE TABLE leadway_part (
	run_id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	first_position INTEGER NOT NULL, 
	last_position INTEGER NOT NULL, 
	is_complete SMALLINT DEFAULT '0' NOT NULL, 
	worker VARCHAR(32), 
	CONSTRAINT leadway_part_once PRIMARY KEY (run_id, number)
);
INSERT INTO "leadway_part" VALUES(194273446675607,1,33,37,0,'6b969bddbafc4d1f827b7de6f6579754');
INSERT INTO "leadway_part" VALUES(194273446675607,2,38,38,0,NULL);
CREATE TABLE leadway_quota (
	host VARCHAR(190) NOT NULL, 
	location_id VARCHAR(64) NOT NULL, 
	daily_limit BIGINT, 
	remaining BIGINT NOT NULL, 
	returns_at DATETIME, 
	answered_at DATETIME NOT NULL, 
	CONSTRAINT leadway_quota_of PRIMARY KEY (host, location_id)
);
INSERT INTO "leadway_quota" VALUES('{host}','sandbox-location',200000,199954,'2026-11-28 11:30:41.107773','2026-11-27 11:31:07.677259');
INSERT INTO "leadway_quota" VALUES('{host}','north',200000,199997,'2026-11-28 11:30:41.103176','2026-11-27 11:31:07.653617');
CREATE TABLE leadway_quota_lease (
	host VARCHAR(190) NOT NULL, 
	location_id VARCHAR(64) NOT NULL, 
	app VARCHAR(64) NOT NULL, 
	version BIGINT NOT NULL, 
	leases TEXT NOT NULL, 
	CONSTRAINT leadway_quota_lease_of PRIMARY KEY (host, location_id, app)
);
INSERT INTO "leadway_quota_lease" VALUES('{host}','sandbox-location','token 24b9cd79145e7e5d',51,'[["95de007e311a5d3a", "another-machine 23650", 1, 0, 10000, 1795779066.8519905], ["95de007e311a5d3a", "another-machine 23650", 1, 0, 10000, 1795779067.1370745], ["95de007e311a5d3a", "another-machine 23650", 1, 0, 10000, 1795779067.1373308]]');
INSERT INTO "leadway_quota_lease" VALUES('{host}','north','app sandbox-client',4,'[["e32426ed9b84f942", "another-machine 23650", 1, 0, 10000, 1795779067.7287245], ["e32426ed9b84f942", "another-machine 23650", 1, 0, 10000, 1795779068.1168373], ["e32426ed9b84f942", "another-machine 23650", 1, 0, 10000, 1795779068.117082]]');
INSERT INTO "leadway_quota_lease" VALUES('{host}','sandbox-location','app sandbox-client',4,'[["d613e0e97d050f49", "another-machine 23650", 1, 0, 10000, 1795779068.1286836]]');
CREATE TABLE leadway_reason (
	row_id INTEGER NOT NULL, 
	code VARCHAR(64) NOT NULL, 
	sync_id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	outcome SMALLINT NOT NULL, 
	CONSTRAINT leadway_reason_once PRIMARY KEY (row_id, code), 
	CONSTRAINT leadway_reason_of_row FOREIGN KEY(row_id) REFERENCES leadway_row (id)
)
 WITHOUT ROWID

;
INSERT INTO "leadway_reason" VALUES(1,'phone_impossible',1,118018332247530,5);
INSERT INTO "leadway_reason" VALUES(4,'identity_shared',1,272463856212074,3);
INSERT INTO "leadway_reason" VALUES(5,'email_malformed',1,272463856212074,2);
INSERT INTO "leadway_reason" VALUES(5,'no_identity',1,272463856212074,2);
INSERT INTO "leadway_reason" VALUES(6,'refused_by_api',1,272463856212074,6);
INSERT INTO "leadway_reason" VALUES(8,'phone_region_unknown',1,118018332247530,4);
INSERT INTO "leadway_reason" VALUES(9,'answer_lost',2,281403782666581,7);
CREATE TABLE leadway_row (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync_id INTEGER NOT NULL, 
	source_key VARCHAR(255) NOT NULL, 
	fingerprint BLOB, 
	contact_id VARCHAR(255), 
	outcome SMALLINT NOT NULL, 
	reasons TEXT, 
	remarks TEXT, 
	created_by_sync SMALLINT DEFAULT '0' NOT NULL, 
	sent_fingerprint BLOB, 
	sent_at DATETIME, 
	in_crm BLOB, 
	also_in_crm BLOB, 
	collides_with INTEGER, 
	rejected_since INTEGER, 
	run_id INTEGER NOT NULL, 
	created_at BIGINT NOT NULL, 
	updated_at BIGINT NOT NULL, 
	CONSTRAINT leadway_row_key UNIQUE (sync_id, source_key), 
	CONSTRAINT leadway_row_of_sync FOREIGN KEY(sync_id) REFERENCES leadway_sync (id)
);
INSERT INTO "leadway_row" VALUES(1,1,'1',X'9081D29585CABCE9975A98410666259C','f37812046678a8cc7a2e',5,NULL,'{"withheld":[{"field":"phone","code":"phone_impossible","message":"The value is not a possible phone number of its country."}]}',0,NULL,NULL,X'70E4873B8EACAE414427',NULL,NULL,NULL,118018332247530,1795779042906071,1795779043051045);
INSERT INTO "leadway_row" VALUES(2,1,'2',X'34E2E13E69F573AD839BEE5147E6B657','5b1db477e99fda119b72',5,NULL,NULL,1,NULL,NULL,X'3CE0DEA16B6A1C3B5F77',NULL,NULL,NULL,272463856212074,1795779042906071,1795779043803321);
INSERT INTO "leadway_row" VALUES(3,1,'3',X'6F6C3DDE95E4DF4F4BF1AC2687FECEBB','d14c4283db28cce50b47',4,NULL,NULL,1,NULL,NULL,X'325C3A2CAFE568ED7C4D',NULL,NULL,NULL,118018332247530,1795779042906071,1795779043051045);
INSERT INTO "leadway_row" VALUES(4,1,'4',NULL,NULL,3,'[{"field":"email","code":"identity_shared","message":"Another row of this sync has the same value, and only one contact can have it. Key 2 holds it."}]',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,272463856212074,1795779042906071,1795779043704104);
INSERT INTO "leadway_row" VALUES(5,1,'5',NULL,NULL,2,'[{"field":"email","code":"email_malformed","message":"The value is not an e-mail address that can receive mail."},{"field":"email","code":"no_identity","message":"The row has no usable value in any field that identifies its contact."}]',NULL,0,NULL,NULL,NULL,NULL,NULL,118018332247530,272463856212074,1795779042906071,1795779043693335);
INSERT INTO "leadway_row" VALUES(6,1,'6',NULL,NULL,6,'[{"field":"","code":"refused_by_api","message":"Unprocessable Entity"}]',NULL,0,NULL,NULL,NULL,NULL,NULL,118018332247530,272463856212074,1795779042906071,1795779043803321);
INSERT INTO "leadway_row" VALUES(7,1,'7',NULL,'18d1d4689b43b2f36863',9,NULL,NULL,1,NULL,NULL,X'F9586B0B8A2A0EB583D1',NULL,NULL,NULL,272463856212074,1795779042906071,1795779043857381);
INSERT INTO "leadway_row" VALUES(8,1,'8',X'20880E9657C46F446CE04CEA00377084','2d85bbaeda2f54e0d97a',4,NULL,'{"withheld":[{"field":"phone","code":"phone_region_unknown","message":"The number has no country code: map country, or set phone_region."}]}',1,NULL,NULL,X'75CE18690C2ADC6F4310',NULL,NULL,NULL,118018332247530,1795779042906071,1795779043051045);
INSERT INTO "leadway_row" VALUES(9,2,'1',NULL,NULL,7,'[{"field":"","code":"answer_lost","message":"The answer was lost, and the contact may have been created. The account has an older contact ad01c012371b2f9be70c with this e-mail or phone, which hides a new one."}]',NULL,0,X'1E59EAD0BFE0F6C87D38889E1460A898','2026-11-27 11:30:44.245971',NULL,NULL,NULL,NULL,281403782666581,1795779044126620,1795779044294673);
INSERT INTO "leadway_row" VALUES(10,2,'2',X'D777019BBDB61D6A53AA949DC35506C0','c321d1111dd7b4411a55',4,NULL,NULL,1,NULL,NULL,X'5320A1B431BDA64EFB65',NULL,NULL,NULL,281403782666581,1795779044126620,1795779044294673);
INSERT INTO "leadway_row" VALUES(11,3,'1',X'624BED87C233DAE527A0E8AA9A18B636','cc85b2635b14a8c730c6',4,NULL,NULL,1,NULL,NULL,X'61555AADD6B200E5C165',NULL,NULL,NULL,244966320461501,1795779047251563,1795779047419583);
INSERT INTO "leadway_row" VALUES(12,3,'2',X'8C7D65239648F64D1551018260E3B2BD','6249641622f2282efca1',4,NULL,NULL,1,NULL,NULL,X'C1F857426F6998F587D4',NULL,NULL,NULL,244966320461501,1795779047251563,1795779047438111);
INSERT INTO "leadway_row" VALUES(13,3,'3',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,244966320461501,1795779047251563,1795779047251563);
INSERT INTO "leadway_row" VALUES(14,3,'4',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,244966320461501,1795779047251563,1795779047251563);
INSERT INTO "leadway_row" VALUES(15,3,'5',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,244966320461501,1795779047251563,1795779047251563);
INSERT INTO "leadway_row" VALUES(16,3,'6',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,244966320461501,1795779047251563,1795779047251563);
INSERT INTO "leadway_row" VALUES(17,4,'1',X'92DC03404B462189A1A84EC56D9376C5','9c14968d1d27b189e7ea',4,NULL,NULL,1,NULL,NULL,X'E30F9427A84FEA5935A6',NULL,NULL,NULL,54372195105752,1795779053722956,1795779053895774);
INSERT INTO "leadway_row" VALUES(18,4,'2',X'38E3DE1AE2BA160FF5CBBF7D3780D0C9','f7cbdb805eaffe574872',4,NULL,NULL,1,NULL,NULL,X'853B00D8664FFB3BC483',NULL,NULL,NULL,54372195105752,1795779053722956,1795779053914751);
INSERT INTO "leadway_row" VALUES(19,4,'3',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,54372195105752,1795779053722956,1795779053722956);
INSERT INTO "leadway_row" VALUES(20,4,'4',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,54372195105752,1795779053722956,1795779053722956);
INSERT INTO "leadway_row" VALUES(21,4,'5',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,54372195105752,1795779053722956,1795779053722956);
INSERT INTO "leadway_row" VALUES(22,4,'6',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,54372195105752,1795779053722956,1795779053722956);
INSERT INTO "leadway_row" VALUES(23,5,'1',X'7C3DBB6477CEC7B938FAAC861619B6A8','e5855eaad9b990dc0282',4,NULL,NULL,1,NULL,NULL,X'5EE2C368B28418F2FE5F',NULL,NULL,NULL,148651430101175,1795779056588774,1795779056714177);
INSERT INTO "leadway_row" VALUES(24,5,'2',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,148651430101175,1795779056588774,1795779056588774);
INSERT INTO "leadway_row" VALUES(25,5,'3',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,148651430101175,1795779056588774,1795779056588774);
INSERT INTO "leadway_row" VALUES(26,6,'1',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,186661809641791,1795779057150455,1795779057150455);
INSERT INTO "leadway_row" VALUES(27,6,'2',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,186661809641791,1795779057150455,1795779057150455);
INSERT INTO "leadway_row" VALUES(28,7,'1',X'1ED5E71AFF95C50C5E255EA841578157','b8b01fee666c31d009c4',4,NULL,NULL,1,NULL,NULL,X'785F31E222FF64129BDF',NULL,NULL,NULL,194273446675607,1795779057444725,1795779062955266);
INSERT INTO "leadway_row" VALUES(29,7,'2',X'1B792245B3A35F78531CE4C8DEE745BA','fa64d93e2a4060b9b1dc',4,NULL,NULL,1,NULL,NULL,X'3EF47678AA2CEAE23A3F',NULL,NULL,NULL,194273446675607,1795779057444725,1795779062990727);
INSERT INTO "leadway_row" VALUES(30,7,'3',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,194273446675607,1795779057444725,1795779057444725);
INSERT INTO "leadway_row" VALUES(31,7,'4',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,194273446675607,1795779057444725,1795779057444725);
INSERT INTO "leadway_row" VALUES(32,7,'5',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,194273446675607,1795779057444725,1795779057444725);
INSERT INTO "leadway_row" VALUES(33,7,'6',NULL,NULL,0,NULL,NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,194273446675607,1795779057444725,1795779057444725);
INSERT INTO "leadway_row" VALUES(34,8,'1',X'4F384F2198E5C3081D43569C3DEEEB2B','8e115aa6735cf6f4e888',4,NULL,NULL,1,NULL,NULL,X'DE6DAD18FED58DDBBF2F',NULL,NULL,NULL,155601496902334,1795779065733004,1795779065840421);
INSERT INTO "leadway_row" VALUES(35,8,'2',X'43FEB2AB0CF38E290EDDB5416940D8C7','6baf69fcf0c841588870',4,NULL,NULL,1,NULL,NULL,X'6563BBE8578A2DD6E68B',NULL,NULL,NULL,155601496902334,1795779065733004,1795779065840421);
INSERT INTO "leadway_row" VALUES(36,9,'1',X'7A48F5D13306B0C7224F3F3B941AF4DC','63a03663ffb035db952a',4,NULL,NULL,1,NULL,NULL,X'B8998ADD0CEEEF38449E',NULL,NULL,NULL,182641694880783,1795779066504210,1795779066639028);
INSERT INTO "leadway_row" VALUES(37,9,'2',X'7C6AEC8F8A8B4873E34AD0ED920E9DF2','e3cea8e876c6683673e7',4,NULL,NULL,1,NULL,NULL,X'7AC17EE895E3461BB788',NULL,NULL,NULL,182641694880783,1795779066504210,1795779066639028);
INSERT INTO "leadway_row" VALUES(38,11,'1',X'3E02BDE8A3B167B8857FA32A56023B89','b7294c50f290c0f6ee70',4,NULL,NULL,1,NULL,NULL,X'4F4259F62F7A3E271274',NULL,NULL,NULL,189577660431041,1795779067390007,1795779067616442);
INSERT INTO "leadway_row" VALUES(39,11,'2',X'55D2C5A14EE06F8D3FF24DE4986442CE','4f40f722961bee617b9d',4,NULL,NULL,1,NULL,NULL,X'B4E4C76FD8FFB1DD87A4',NULL,NULL,NULL,189577660431041,1795779067390007,1795779067616442);
INSERT INTO "leadway_row" VALUES(40,12,'3',X'B36203CF00375C10AD809DF395DFB529','9f67d3e3b6eaf5c95d73',4,NULL,NULL,1,NULL,NULL,X'F09366F3BAFFED96483C',NULL,NULL,NULL,14598200907755,1795779067526246,1795779067634031);
CREATE TABLE leadway_run (
	id INTEGER NOT NULL, 
	sync_id INTEGER NOT NULL, 
	task_run TEXT NOT NULL, 
	digest BLOB NOT NULL, 
	origin TEXT NOT NULL, 
	retry_refused INTEGER NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	"query" TEXT, 
	columns TEXT, 
	source TEXT, 
	versions TEXT, 
	as_of DATETIME, 
	seen BLOB, 
	is_whole SMALLINT DEFAULT '1' NOT NULL, 
	only_keys SMALLINT DEFAULT '0' NOT NULL, 
	watermark_at DATETIME, 
	resync_asked_at DATETIME, 
	attempts INTEGER DEFAULT '0' NOT NULL, 
	parts INTEGER, 
	read BIGINT NOT NULL, 
	carried BIGINT NOT NULL, 
	unchanged BIGINT NOT NULL, 
	invalid BIGINT NOT NULL, 
	superseded BIGINT NOT NULL, 
	created BIGINT NOT NULL, 
	updated BIGINT NOT NULL, 
	refused BIGINT NOT NULL, 
	unknown BIGINT NOT NULL, 
	withheld BIGINT NOT NULL, 
	not_kept BIGINT NOT NULL, 
	collisions BIGINT NOT NULL, 
	identity_taken BIGINT NOT NULL, 
	adopted BIGINT NOT NULL, 
	drifted BIGINT NOT NULL, 
	missing BIGINT NOT NULL, 
	removed BIGINT NOT NULL, 
	unremoved BIGINT NOT NULL, 
	calls BIGINT NOT NULL, 
	comparison TEXT, 
	seconds DOUBLE NOT NULL, 
	started_at DATETIME NOT NULL, 
	sealed_at DATETIME, 
	finished_at DATETIME, 
	PRIMARY KEY (id), 
	CONSTRAINT leadway_run_of_sync FOREIGN KEY(sync_id) REFERENCES leadway_sync (id)
);
INSERT INTO "leadway_run" VALUES(14598200907755,12,'people/first/sync/-1',X'07B3938DB2CD92ED38F4339D39974C59','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"]]','{"columns":["id","email","phone","first_name"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801636000024610310A4643603404465A08000007FB0002',1,0,NULL,NULL,1,NULL,1,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,4,NULL,3.51935050000065530184e-01,'2026-11-27 11:31:07.291154','2026-11-27 11:31:07.580156','2026-11-27 11:31:07.649881');
INSERT INTO "leadway_run" VALUES(54372195105752,4,'people/first/sync/-1',X'386FE16FAABC294991CE178641E50CBD','warehouse (sqlite://:/{source}) by id',5,'delivering','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''left'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'78016360A8631805A321301A0223330400FB13007F',1,0,NULL,NULL,1,NULL,6,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,NULL,0.0,'2026-11-27 11:30:53.423998','2026-11-27 11:30:53.762117',NULL);
INSERT INTO "leadway_run" VALUES(72349866004728,8,'people/second/sync/-1',X'B464F2EEF6830AB633ED30A8EBC52B83','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''compared'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'780163606060E001E251301A02A32130F242000033D0000D',1,0,NULL,NULL,1,NULL,2,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,3,'{"contacts":20,"drifted_by_field":{},"believed":0,"unmatched":18,"verified":{"verified_at":"2026-11-27T11:31:06.067535+00:00","rows":2,"hash":"a88e3436aa3770a7560d72fa9ab24175"}}',2.68980271999680553562e-01,'2026-11-27 11:31:05.985303','2026-11-27 11:31:06.199589','2026-11-27 11:31:06.259041');
INSERT INTO "leadway_run" VALUES(118018332247530,1,'people/first/sync/-1',X'391EAE3C0FB4218DE39A1204D31D4B3A','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''customers'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801FBC7C8300A46436034044668080000003B0100',1,0,NULL,NULL,1,NULL,8,0,0,1,1,4,1,1,0,2,0,0,0,0,0,0,0,0,8,NULL,5.01769364000210771337e-01,'2026-11-27 11:30:42.591120','2026-11-27 11:30:42.936395','2026-11-27 11:30:43.094697');
INSERT INTO "leadway_run" VALUES(148651430101175,5,'people/first/sync/-1',X'14EFB00405D51C09DCD582A1D222E220','warehouse (sqlite://:/{source}) by id',5,'delivering','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''deferred'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'780163606860661805A321301A02233204000F150084',1,0,NULL,NULL,1,NULL,3,0,0,0,0,1,0,0,0,0,0,0,0,0,0,0,0,0,3,NULL,1.91997205000006943009e-01,'2026-11-27 11:30:56.544512','2026-11-27 11:30:56.632745',NULL);
INSERT INTO "leadway_run" VALUES(155545088828730,10,'people/first/sync/-1',X'B24402D02C3DEF7181653A1BE4A561D9','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id','[]','{"accounts":{"north":"","sandbox-location":""}}',NULL,NULL,X'7801030000000001',1,0,NULL,NULL,1,NULL,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,NULL,8.16658390000156941823e-01,'2026-11-27 11:31:06.813493','2026-11-27 11:31:07.230617','2026-11-27 11:31:07.681773');
INSERT INTO "leadway_run" VALUES(155601496902334,8,'people/first/sync/-1',X'B464F2EEF6830AB633ED30A8EBC52B83','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''compared'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'780163606060E001E251301A02A32130F242000033D0000D',1,0,NULL,NULL,1,NULL,2,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,5,'{"contacts":18,"drifted_by_field":{},"believed":0,"unmatched":18}',2.53727084000274771824e-01,'2026-11-27 11:31:05.607116','2026-11-27 11:31:05.775357','2026-11-27 11:31:05.869182');
INSERT INTO "leadway_run" VALUES(182641694880783,9,'people/first/sync/-1',X'C8CAA9A631C257AF3DD833D7D3902A6A','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''recent'' AND changed_at >= :since AND changed_at < :until ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}','2026-11-17 00:00:00.000000',X'7801636060603000E251301A02A32130F2420000C3400031',0,0,'2026-11-17 00:00:00.000000',NULL,1,NULL,2,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,3,NULL,2.9059483199944224907e-01,'2026-11-27 11:31:06.374975','2026-11-27 11:31:06.542854','2026-11-27 11:31:06.675983');
INSERT INTO "leadway_run" VALUES(186661809641791,6,'people/first/plan/-1',X'91FDA1927F28ACE1693FEA084630AB03','warehouse (sqlite://:/{source}) by id',5,'dry_run','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''reviewed'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801636060E0611805A321301A022332040033DC000D',1,0,NULL,NULL,1,NULL,2,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,NULL,1.93598544999986188486e-01,'2026-11-27 11:30:57.036019',NULL,'2026-11-27 11:30:57.209970');
INSERT INTO "leadway_run" VALUES(189577660431041,11,'people/first/sync/-1',X'CACA2986248809C0BA88105C64C65690','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, account AS location_id FROM people WHERE sync = ''accounts'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"]]','{"columns":["id","email","phone","first_name"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801636060603800C4A3603404464360E4850000012D00C1',1,0,NULL,NULL,1,NULL,2,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,4,NULL,3.48806333000538870692e-01,'2026-11-27 11:31:07.292192','2026-11-27 11:31:07.486788','2026-11-27 11:31:07.643522');
INSERT INTO "leadway_run" VALUES(194273446675607,7,'people/first/sync/-1',X'','warehouse (sqlite://:/{source}) by id',5,'delivering','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''workers'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801636060F8C0CC300A46436034044662080000CD5100F4',1,0,NULL,NULL,3,2,6,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,1,NULL,1.83439593999537464696e-01,'2026-11-27 11:30:57.358502','2026-11-27 11:31:02.746872',NULL);
INSERT INTO "leadway_run" VALUES(244966320461501,3,'people/first/sync/-1',X'E8ED906C1D40AD862FB7AE800B26777F','warehouse (sqlite://:/{source}) by id',5,'delivering','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''killed'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'780163F8C1C8300A46436034044666080000E73300FA',1,0,NULL,NULL,1,NULL,6,0,0,0,0,2,0,0,0,0,0,0,0,0,0,0,0,0,0,NULL,0.0,'2026-11-27 11:30:47.105684','2026-11-27 11:30:47.290105',NULL);
INSERT INTO "leadway_run" VALUES(272463856212074,1,'people/second/sync/-1',X'391EAE3C0FB4218DE39A1204D31D4B3A','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''customers'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'7801AB63641805A321301A0223340400001D0080',1,0,NULL,NULL,1,NULL,7,0,3,1,1,0,1,1,0,0,0,0,0,0,0,0,1,0,4,NULL,3.50274282999635033775e-01,'2026-11-27 11:30:43.515009','2026-11-27 11:30:43.650248','2026-11-27 11:30:43.883929');
INSERT INTO "leadway_run" VALUES(281403782666581,2,'people/first/sync/-1',X'6AF166861C0356FD77EC3EFC80066E07','warehouse (sqlite://:/{source}) by id',5,'finished','SELECT id, email, phone, first_name, tags FROM people WHERE sync = ''each_anew'' ORDER BY id','[["email","email","email"],["phone","phone","phone"],["first_name","first_name","firstName"],["tags","tags","tags"],[null,"create_new_if_duplicate_allowed","createNewIfDuplicateAllowed"]]','{"columns":["id","email","phone","first_name","tags"],"schema":"main","found":{},"fields":[["email","email","email"],["phone","phone","phone"],["first_name","text","first_name"],["tags","tags","tags"],["create_new_if_duplicate_allowed","boolean",null]]}','{"leadway-provider":"0.1.0","apache-airflow":"3.3.2","sqlalchemy":"2.1.9","python":"3.11.7"}',NULL,X'78016360631805A321301A02233404001BFA0007',1,0,NULL,NULL,1,NULL,2,0,0,0,0,1,0,0,1,0,0,0,0,0,0,0,0,0,4,NULL,2.65759005999825603794e-01,'2026-11-27 11:30:44.074992','2026-11-27 11:30:44.166134','2026-11-27 11:30:44.341828');
CREATE TABLE leadway_snapshot (
	run_id INTEGER NOT NULL, 
	contact_id VARCHAR(255) NOT NULL, 
	email BLOB, 
	phone BLOB, 
	fields BLOB NOT NULL, 
	tags BLOB NOT NULL, 
	matched_by INTEGER, 
	CONSTRAINT leadway_snapshot_once PRIMARY KEY (run_id, contact_id), 
	CONSTRAINT leadway_snapshot_of_run FOREIGN KEY(run_id) REFERENCES leadway_run (id)
)
 WITHOUT ROWID

;
CREATE TABLE leadway_staged_claim (
	run_id INTEGER NOT NULL, 
	identity BLOB NOT NULL, 
	row_id INTEGER NOT NULL, 
	kind SMALLINT NOT NULL, 
	CONSTRAINT leadway_staged_once PRIMARY KEY (run_id, identity, row_id), 
	CONSTRAINT leadway_staged_of_run FOREIGN KEY(run_id) REFERENCES leadway_run (id), 
	CONSTRAINT leadway_staged_of_row FOREIGN KEY(row_id) REFERENCES leadway_row (id)
)
 WITHOUT ROWID

;
CREATE TABLE leadway_sync (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	name VARCHAR(512) NOT NULL, 
	host VARCHAR(190) NOT NULL, 
	location_id VARCHAR(64) NOT NULL, 
	created_at DATETIME NOT NULL, 
	lease VARCHAR(32), 
	heartbeats BIGINT DEFAULT '0' NOT NULL, 
	holder TEXT, 
	process TEXT, 
	held_until DATETIME, 
	watermark_at DATETIME, 
	resync_asked_at DATETIME, 
	CONSTRAINT leadway_sync_identity UNIQUE (name, host, location_id)
);
INSERT INTO "leadway_sync" VALUES(1,'customers','{host}','sandbox-location','2026-11-27 11:30:42.171388',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(2,'each_anew','{host}','sandbox-location','2026-11-27 11:30:44.042163',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(3,'killed','{host}','sandbox-location','2026-11-27 11:30:46.952435','33d5c0108d424046a30a80e84259bb21',0,'people/first/sync/-1','another-machine 23822',NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(4,'left','{host}','sandbox-location','2026-11-27 11:30:50.599279','e3f907a87d4743929d9bb42120b226a9',0,'people/first/sync/-1','another-machine 23868',NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(5,'deferred','{host}','sandbox-location','2026-11-27 11:30:53.973298','8d2232f563914203b67ef66c88503be0',0,'people/first/sync/-1','another-machine 23650','2026-11-27 11:45:57.824527',NULL,NULL);
INSERT INTO "leadway_sync" VALUES(6,'reviewed','{host}','sandbox-location','2026-11-27 11:30:56.989113',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(7,'workers','{host}','sandbox-location','2026-11-27 11:30:57.323170','run b0b0cfc74497',1,'people/first/sync/-1','',NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(8,'compared','{host}','sandbox-location','2026-11-27 11:31:03.040396',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(9,'recent','{host}','sandbox-location','2026-11-27 11:31:06.315807',NULL,0,NULL,NULL,NULL,'2026-11-17 00:00:00.000000',NULL);
INSERT INTO "leadway_sync" VALUES(10,'accounts','{host}','*','2026-11-27 11:31:06.772660',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(11,'accounts','{host}','north','2026-11-27 11:31:07.271067',NULL,0,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "leadway_sync" VALUES(12,'accounts','{host}','sandbox-location','2026-11-27 11:31:07.276686',NULL,0,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE leadway_token (
	family VARCHAR(64) NOT NULL, 
	version INTEGER NOT NULL, 
	secret TEXT, 
	lease VARCHAR(32), 
	begun_at DATETIME, 
	kept_at DATETIME, 
	PRIMARY KEY (family)
);
INSERT INTO "leadway_token" VALUES('identities of sync 1',2,'gAAAAABrCWnjF5ZLHXO7TtXckR94mcltPnCjdOOmswz769Qo3kyvpnTXtvkEonFVRTUrHb4M9UzmR68Fwu5ZWgwI1WWuHTnUudVjvAVdVY9sTiBbXrWXOl1C0NZ352fbd54BlaZLC1ksrZYW7h5AesE2rNfmj5MOZ6u8ZUrq9YMHZm-JsnN2Tk3W7gX1G47ht1V1W_befvyr',NULL,NULL,'2026-11-27 11:30:43.539501');
INSERT INTO "leadway_token" VALUES('identities of sync 2',1,'gAAAAABrCWnk6a63Zea47a8hqgRkDtBEw-_opHAY0Lw1b750eQZuXoLgklAQY6zwvfFlrXLF43JnMESn09uHyBV_D47E0stiqdCGj4yrTlrU1dZUriONT6r0fbHfMLDFt4lnNGoxjpg5EgFCPiDFAgbcWHPZFoVS-cG3R-08Jpp3mU_p1fgH2A3342XCnUIpk7bVpbuh53j5',NULL,NULL,'2026-11-27 11:30:44.109819');
INSERT INTO "leadway_token" VALUES('identities of sync 3',1,'gAAAAABrCWnnJ9SrIUcnYMxY6836PT0ewCpgdzrn48GsoXS-Mj7Ic36CJKrC0nOhze9mqEV8MMrx6o3FDyxs-vw_V2RAz_0cQpiSVbNVZw0sxuuexU0ZzcfglMj9fA5RvWm6nRzdwLl0VNmltSB6cVQ1ctFpmFX0UTi9oFrWJ5Np5yNKLv0lsykXvTWKhvuo8tZPsvAkr6ef',NULL,NULL,'2026-11-27 11:30:47.129546');
INSERT INTO "leadway_token" VALUES('identities of sync 4',1,'gAAAAABrCWnt6wmsnLaQV6mVK7yC4_ai6BdmqNN-e7nSr4cXR3p5txhIoKrJUVrXW5ZpIZ1BOpWx_DN7s0EaVLIRNR5TzORMt_L6AiQh9KOqyPcCUaq_0u5ppQuNq0w935JaDCKEx0Kcddib2WTR3KtCyCMg6OA8beJdYF4-GDMNhQ55LL4FcPLe0RS7hkd_0YgVUiqiHRt6',NULL,NULL,'2026-11-27 11:30:53.477587');
INSERT INTO "leadway_token" VALUES('identities of sync 5',1,'gAAAAABrCWnwnrC-alQ6SQrqMUnmtVNGBY4il08Pdug0V85QpI6HO6NjMVQPvpswri1pqpiPLB9nQH4MSvSgiC9tqoA4w6TQgFcdxn7Oeo0HClZtjBhGV_8ZlrWfwHIHHqynXG6F71bbL_jfoyoCYiEO-3NsqAy1UF1J36_cpNQhZhKyuRY_3I9905nH2u7Ki6fXAs4LReCK',NULL,NULL,'2026-11-27 11:30:56.564960');
INSERT INTO "leadway_token" VALUES('identities of sync 6',1,'gAAAAABrCWnxDwW5Gc2-fnL9L_q3GHIj-DY8Hk1X-jkOfi_ynGPop6-y5AAb8W_is-ZY4DhcBrDGz12hZbSXXPKNTcaYGJanaddsKtKjK1mNWSrBIrzcWJVJQN39dsx0BdG176Qs939-2hepZ-_GWy9-No3s9v5QSNtOoW1YTQadMNfXfe45YTp46-Z4xnAHPrnf198iJky6',NULL,NULL,'2026-11-27 11:30:57.110463');
INSERT INTO "leadway_token" VALUES('identities of sync 7',2,'gAAAAABrCWn2Wv6ymi3p0xYgpNWFutakB2eVrij7OjiwcyRhms1hwm0CeQpup1mSc1RkD9wWrZZbbQZ30BRUI-qQrgw_AlLzsx85G7odUYX0eQQWCg-Qh_zbVTjKH5pbV4e1yNL51SHoXhPDFQm8pnHA_Tx1vFVJfw8pg_Ku26mUcOy8Wki4KSfKdB-3oCuC1q4Td0b1BQI4',NULL,NULL,'2026-11-27 11:31:02.879215');
INSERT INTO "leadway_token" VALUES('identities of sync 8',2,'gAAAAABrCWn6cQQPM43ZUmdNNuGOCA9TxIcqrn4g1eZDAf_9kNTrm2-GkCRVXGT5uSQ5FQsdLse21mPQsp9uM4cIekRYCTIik6JGFOQGrVbfSL88cy_D4hjdolGqyWzRK8jeslOKFwcwAT_vsmyNkK53vn_nm8bTEz6167RrvTU2IOjufhQZmkTdwHDbL-tfmokX6DgA2dh9',NULL,NULL,'2026-11-27 11:31:06.025363');
INSERT INTO "leadway_token" VALUES('identities of sync 9',1,'gAAAAABrCWn6KXZMXfZMGmQLb3Gc4AyJLmTEzK2BJfRPVDaWVN7DC1O-QQ0QE9Dt22V4QpyUnpmz27DEVugPSwjX9dTS49zdTzKV7xrdSAwdcNbVgQI-hSSMU83q-AjhsWnP-jC74FuaKm9qUnG0gRSpTSWwyG28zievEOTubZAbxQr4fBVzdGO_BpJb-XPcDosmLFfdcrk8',NULL,NULL,'2026-11-27 11:31:06.465566');
INSERT INTO "leadway_token" VALUES('f93195523ce0a875306c2ec69580c744ca9e3577a58f5bf249963c91ea40e5f5',1,'gAAAAABrCWn6DJT9h9X5CcktYYcUo1FfJKqSSpyGAG4RUM8gagx8lYTpJMhC14BxzA6ibOwe1dlicSmfNgJaNff6GdcHVBMbedbZH9FoTbqCv6S3kO_GS1R3cjuOdDexw7Nunbo4pBjKySMPk5vPYlSLQbRPBlLpfnFFFzzcO_4JgSOIXMar6oq47_mNgz5NKkIug9kYEySf7sWAC_Xvd4KHbUVWlnZL8uclR9fej3TjbDWRlUSDDb2WtA2WoK8PdDiiIcZ5g4LcxEluyBA4y-FqqpmOTKmguleRn2d5wgtRxP5C8KUUn11MCEZwmR6fzpoaBlkGpR5kO-WwkCqydGXSE_2qJqMW_3N99wzXBbeD82iG3GzPwgg=',NULL,NULL,'2026-11-27 11:31:06.962727');
INSERT INTO "leadway_token" VALUES('identities of sync 12',1,'gAAAAABrCWn7BrGhgd_TJStOzOWU6j-itJoe6DXbZNvlC9HU435y01bJwcFV37k6-R86ME9WQRSqyaEk3H5u6n_7QxHqYu31v6ZqFFmdHX4sLj5HDghpxT9O6un-hkBcbmqVt8zaM5cS35wSCdOJd2VV8SiEztbBt13zlkHzRTg8vLabgKlzoo0vaqfGmjLifZhVpMx6pUPN2jGamG3nOHNAqoSYfYlULQ==',NULL,NULL,'2026-11-27 11:31:07.341208');
INSERT INTO "leadway_token" VALUES('identities of sync 11',1,'gAAAAABrCWn7ljm-Z_RzMlUGke9doUwd6z4Cq7jLRxtFtsHDRylUFQXpLy0gWanuc6ZpAm3p0OuP40BIuKu_9PoEBCtQjfzgwhRCWEj9QtoN7tmZnohEYMMkoDCnOxdACiC4StyZhTbHnelrLi9alYpGwyrtc_jT_uNGbXDnU98Kpwj_P1zReL2bHxSlFrKIcCpKdE-0GrtxhvJ6G91KVaGTQ41gx4ABtA==',NULL,NULL,'2026-11-27 11:31:07.345771');
CREATE TABLE leadway_usage (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	sync_id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	measured_at DATETIME NOT NULL, 
	seconds DOUBLE NOT NULL, 
	calls BIGINT NOT NULL, 
	acknowledged BIGINT NOT NULL, 
	quota_left BIGINT
);
INSERT INTO "leadway_usage" VALUES(1,1,118018332247530,'2026-11-27 11:30:43.091590',4.57157915000607317779e-01,8,6,199992);
INSERT INTO "leadway_usage" VALUES(2,1,272463856212074,'2026-11-27 11:30:43.864044',3.26047103000746574252e-01,4,2,199988);
INSERT INTO "leadway_usage" VALUES(3,2,281403782666581,'2026-11-27 11:30:44.339760',2.4509906299954309361e-01,4,2,199984);
INSERT INTO "leadway_usage" VALUES(4,5,148651430101175,'2026-11-27 11:30:56.735279',1.73135889000150200445e-01,3,1,199973);
INSERT INTO "leadway_usage" VALUES(5,6,186661809641791,'2026-11-27 11:30:57.228549',1.34922846999870671425e-01,1,0,199972);
INSERT INTO "leadway_usage" VALUES(6,7,194273446675607,'2026-11-27 11:30:57.540785',1.5403022800001053838e-01,1,0,199971);
INSERT INTO "leadway_usage" VALUES(7,8,155601496902334,'2026-11-27 11:31:05.859723',0.216858683999817,5,2,199962);
INSERT INTO "leadway_usage" VALUES(8,8,72349866004728,'2026-11-27 11:31:06.253086',2.28964314999757334589e-01,3,0,199959);
INSERT INTO "leadway_usage" VALUES(9,9,182641694880783,'2026-11-27 11:31:06.664359',2.14645650000420573633e-01,3,2,199956);
INSERT INTO "leadway_usage" VALUES(10,11,189577660431041,'2026-11-27 11:31:07.640352',3.02233694999813451431e-01,4,2,199997);
INSERT INTO "leadway_usage" VALUES(11,12,14598200907755,'2026-11-27 11:31:07.642385',3.15030683999793836846e-01,4,1,199954);
CREATE TABLE leadway_worker (
	run_id INTEGER NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	heartbeats BIGINT NOT NULL, 
	holder TEXT NOT NULL, 
	process TEXT NOT NULL, 
	PRIMARY KEY (run_id, token)
);
INSERT INTO "leadway_worker" VALUES(194273446675607,'6b969bddbafc4d1f827b7de6f6579754',0,'people/first/sync/-1','another-machine 24157');
CREATE INDEX leadway_run_by_sync ON leadway_run (sync_id, status);
CREATE INDEX leadway_run_by_start ON leadway_run (sync_id, started_at, id);
CREATE INDEX leadway_row_contact ON leadway_row (sync_id, contact_id) WHERE contact_id IS NOT NULL;
CREATE INDEX leadway_row_in_crm ON leadway_row (in_crm, sync_id) WHERE in_crm IS NOT NULL;
CREATE INDEX leadway_row_also_in_crm ON leadway_row (also_in_crm, sync_id) WHERE also_in_crm IS NOT NULL;
CREATE INDEX leadway_row_collision ON leadway_row (collides_with, sync_id) WHERE collides_with IS NOT NULL;
CREATE INDEX leadway_row_run ON leadway_row (run_id, outcome, id);
CREATE INDEX leadway_row_outcome ON leadway_row (sync_id, outcome, id);
CREATE INDEX leadway_reason_by_sync ON leadway_reason (sync_id, outcome, code, row_id);
CREATE INDEX leadway_reason_by_run ON leadway_reason (run_id, outcome, code, row_id);
CREATE INDEX leadway_claim_row ON leadway_claim (row_id);
CREATE INDEX leadway_claim_waiting ON leadway_claim (sync_id, kind, identity, row_id) WHERE kind = 0;
CREATE INDEX leadway_staged_row ON leadway_staged_claim (row_id);
CREATE INDEX leadway_staged_waiting ON leadway_staged_claim (run_id, kind, identity, row_id) WHERE kind = 0;
CREATE INDEX leadway_outbox_order ON leadway_outbox (run_id, outcome, id);
CREATE INDEX leadway_outbox_part ON leadway_outbox (run_id, part, id) WHERE part IS NOT NULL;
CREATE INDEX leadway_snapshot_email ON leadway_snapshot (email, run_id) WHERE email IS NOT NULL;
CREATE INDEX leadway_snapshot_phone ON leadway_snapshot (phone, run_id) WHERE phone IS NOT NULL;
CREATE INDEX leadway_usage_of_run ON leadway_usage (run_id, measured_at);
CREATE INDEX leadway_usage_of_sync ON leadway_usage (sync_id, measured_at);
CREATE INDEX leadway_delivery_key ON leadway_delivery (source_key);
CREATE INDEX leadway_delivery_contact ON leadway_delivery (contact_id);
CREATE INDEX leadway_delivery_age ON leadway_delivery (sync_id, delivered_at);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('leadway_sync',12);
INSERT INTO "sqlite_sequence" VALUES('leadway_row',40);
INSERT INTO "sqlite_sequence" VALUES('leadway_outbox',45);
INSERT INTO "sqlite_sequence" VALUES('leadway_delivery',25);
INSERT INTO "sqlite_sequence" VALUES('leadway_usage',11);
COMMIT;
