BEGIN TRANSACTION;
CREATE TABLE audit (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        user_id INTEGER NOT NULL,
        user_type TEXT NOT NULL,
        address TEXT NOT NULL,
        action TEXT NOT NULL,
        object TEXT NOT NULL,
        result TEXT NOT NULL
    ) STRICT;
INSERT INTO "audit" VALUES(1,1735696800000,1001,'ELDER','127.0.0.1','join_question','question 1','ok');
CREATE TABLE clock_run (
            id INTEGER PRIMARY KEY,
            begins INTEGER NOT NULL,
            seen INTEGER NOT NULL,
            jumped INTEGER NOT NULL,
            made_good INTEGER NOT NULL
        ) STRICT;
INSERT INTO "clock_run" VALUES(1,1795903339774,1795903339775,0,1);
CREATE TABLE dead_letter (
        hook TEXT NOT NULL,
        id INTEGER NOT NULL,
        event TEXT NOT NULL,
        subject_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        channel TEXT,
        state TEXT,
        buried_at INTEGER NOT NULL,
        why TEXT NOT NULL,
        PRIMARY KEY (hook, id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "dead_letter" VALUES('gateway',1,'message.created',1,1735696800000,NULL,NULL,1735956000000,'its receiver answers with 500');
CREATE TABLE file (
        sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
        size INTEGER NOT NULL,
        content_type TEXT NOT NULL,
        uploaded_at INTEGER NOT NULL,
        unnamed_since INTEGER
    ) STRICT, WITHOUT ROWID;
INSERT INTO "file" VALUES('610f5ae4d76e332636a17bd357fd6ce99029316a99d320280d4d77a746bf29e8',6,'image/gif',1795903340500,NULL);
CREATE TABLE file_key (id INTEGER PRIMARY KEY CHECK (id = 1), key BLOB NOT NULL) STRICT;
INSERT INTO "file_key" VALUES(1,X'25F8F4FCEAC0260527E2429D1F0988ADDAE935410A1EB09E0B721E7DA706A63E');
CREATE TABLE file_upload (
        sha256 TEXT NOT NULL REFERENCES file (sha256),
        user_id INTEGER NOT NULL,
        user_type TEXT NOT NULL,
        PRIMARY KEY (sha256, user_id, user_type)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "file_upload" VALUES('610f5ae4d76e332636a17bd357fd6ce99029316a99d320280d4d77a746bf29e8',1001,'ELDER');
CREATE TABLE file_use (
        sha256 TEXT NOT NULL REFERENCES file (sha256),
        question_id INTEGER NOT NULL REFERENCES question (id),
        is_visible_to_patient INTEGER NOT NULL,
        PRIMARY KEY (sha256, question_id, is_visible_to_patient)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "file_use" VALUES('610f5ae4d76e332636a17bd357fd6ce99029316a99d320280d4d77a746bf29e8',1,1);
CREATE TABLE held_snooze (
        notification_id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL,
        held_from INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT;
INSERT INTO "held_snooze" VALUES(7,1003,1795903340394,1795905120000);
CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        task_id INTEGER,
        notification_id INTEGER,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        "by" TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
INSERT INTO "history" VALUES(1,2,NULL,1795903339872,'cancelled','API','{"planned_at":4070908800000}');
INSERT INTO "history" VALUES(2,4,NULL,1795903339899,'withdrawn','API','{"reason":"停药"}');
INSERT INTO "history" VALUES(3,7,4,1795903339935,'read','API','{}');
INSERT INTO "history" VALUES(4,6,3,1795903339938,'read','USER:1001','{}');
INSERT INTO "history" VALUES(5,6,3,1795903339938,'confirmed','USER:1001','{}');
INSERT INTO "history" VALUES(6,5,2,1795903339940,'snoozed','USER:1001','{"until":1795903340139}');
INSERT INTO "history" VALUES(7,5,2,1795903340142,'came_again','SYSTEM','{"notification_id":6}');
INSERT INTO "history" VALUES(8,5,2,1795903340142,'read','SYSTEM','{}');
INSERT INTO "history" VALUES(9,5,6,1795903340162,'snoozed','USER:1001','{"until":1795906940161}');
INSERT INTO "history" VALUES(10,9,7,1795903340196,'snoozed','API','{"until":1795903340394}');
INSERT INTO "history" VALUES(11,10,NULL,1795903340203,'held','SYSTEM','{"planned_at":1795903339197,"user_id":1003,"until":1795905120000}');
INSERT INTO "history" VALUES(12,9,7,1795903340395,'held','SYSTEM','{"user_id":1003,"until":1795905120000}');
INSERT INTO "history" VALUES(13,9,NULL,1795903340409,'withdrawn','API','{}');
INSERT INTO "history" VALUES(14,10,NULL,1795903340417,'cancelled','API','{"planned_at":1795903339197}');
INSERT INTO "history" VALUES(15,10,NULL,1795903340417,'withdrawn','API','{}');
INSERT INTO "history" VALUES(16,11,NULL,1795903340424,'created','SYSTEM','{}');
INSERT INTO "history" VALUES(17,11,NULL,1795903340424,'cancelled','STAFF:1004','{"planned_at":1795903940424}');
INSERT INTO "history" VALUES(18,NULL,9,1795903340430,'read','STAFF:1004','{}');
CREATE TABLE hook (
        name TEXT PRIMARY KEY,
        position INTEGER NOT NULL,
        failing_since INTEGER,
        last_error TEXT,
        lost INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
INSERT INTO "hook" VALUES('gateway',0,NULL,NULL,0);
CREATE TABLE idempotency_key (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "idempotency_key" VALUES('key-1','912255c4b4e253f00beb6c02b88ce6e6257ea48bdcd4f52c647fa02070a509da','{"id":3,"title":"只建一次","elder_id":1001,"status":"OPEN","created_at":"2026-11-29 06:02:20","latest_message_id":null}',1795903340166);
CREATE TABLE link_secret (id INTEGER PRIMARY KEY CHECK (id = 1), secret BLOB NOT NULL) STRICT;
INSERT INTO "link_secret" VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000');
CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        question_id INTEGER NOT NULL REFERENCES question (id),
        sender_type TEXT NOT NULL,
        sender_id INTEGER NOT NULL,
        role_display_name TEXT,
        content_type TEXT NOT NULL,
        content_text TEXT,
        attachments TEXT NOT NULL,
        is_visible_to_patient INTEGER NOT NULL,
        sent_at INTEGER NOT NULL
    , client_msg_id TEXT) STRICT;
INSERT INTO "message" VALUES(1,1,'STAFF',456,'医生王五','TEXT','您好，请详细描述一下您的症状','[]',1,1795903339856,NULL);
INSERT INTO "message" VALUES(2,1,'ELDER',456,NULL,'IMAGE',NULL,'[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795903339856,NULL);
INSERT INTO "message" VALUES(3,1,'STAFF',456,NULL,'TEXT','只给员工看','[]',0,1795903339856,NULL);
INSERT INTO "message" VALUES(4,1,'FAMILY',456,NULL,'TEXT','老人家说：''好的''
谢谢','[]',1,1795903339856,'甲-1');
INSERT INTO "message" VALUES(5,2,'STAFF',456,NULL,'TEXT','👩‍👩‍👧','[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795903339856,'甲-1');
INSERT INTO "message" VALUES(6,4,'ELDER',1002,NULL,'TEXT','还要吃吗','[]',1,1795903340424,NULL);
INSERT INTO "message" VALUES(7,4,'STAFF',1004,NULL,'TEXT','再吃一周','[]',1,1795903340424,NULL);
INSERT INTO "message" VALUES(8,1,'STAFF',456,NULL,'IMAGE',NULL,'[{"url":"/files/610f5ae4d76e332636a17bd357fd6ce99029316a99d320280d4d77a746bf29e8","thumbnail_url":null,"duration":null,"size":null}]',1,1795903340503,NULL);
CREATE TABLE occurrence (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_on TEXT NOT NULL,
        planned_at INTEGER NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('WRITTEN', 'MISSED', 'PAUSED', 'CANCELLED')),
        notification_id INTEGER, settled TEXT
        CHECK (settled IN ('DONE', 'SKIPPED', 'MISSED', 'WITHDRAWN')), settled_at INTEGER, settled_by TEXT, note TEXT,
        PRIMARY KEY (task_id, planned_on)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "occurrence" VALUES(2,'2099-01-01T08:00:00',4070908800000,1795903339872,'CANCELLED',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(4,'1795903338877',1795903338877,1795903339885,'WRITTEN',1,'WITHDRAWN',1795903339899,'API','停药');
INSERT INTO "occurrence" VALUES(5,'1795903338902',1795903338902,1795903339907,'WRITTEN',2,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(6,'1795903338904',1795903338904,1795903339907,'WRITTEN',3,'DONE',1795903339938,'USER:1001',NULL);
INSERT INTO "occurrence" VALUES(7,'1795903338908',1795903338908,1795903339919,'WRITTEN',4,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(8,'1795903338911',1795903338911,1795903339919,'WRITTEN',5,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(9,'1795903339169',1795903339169,1795903340177,'WRITTEN',7,'WITHDRAWN',1795903340409,'API',NULL);
INSERT INTO "occurrence" VALUES(10,'1795903339197',1795903339197,1795903340203,'WRITTEN',NULL,'WITHDRAWN',1795903340417,'API',NULL);
INSERT INTO "occurrence" VALUES(11,'1795903940424',1795903940424,1795903340424,'CANCELLED',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE off_disk (
        what TEXT PRIMARY KEY CHECK (what IN ('COPY', 'DRILL')),
        at INTEGER NOT NULL,
        is_ok INTEGER NOT NULL,
        told TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
INSERT INTO "off_disk" VALUES('COPY',1735696800000,1,'');
CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        subject_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        channel TEXT,
        state TEXT,
        hook TEXT,
        replay_of INTEGER
    , count INTEGER NOT NULL DEFAULT 1) STRICT;
INSERT INTO "outbox" VALUES(1,'message.created',1,1735696800000,NULL,NULL,NULL,NULL,1);
CREATE TABLE outbox_origin (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL) STRICT;
INSERT INTO "outbox_origin" VALUES(1,'dd19da32f3ac');
CREATE TABLE participant (
        question_id INTEGER NOT NULL REFERENCES question (id),
        user_id INTEGER NOT NULL,
        user_type TEXT NOT NULL,
        takes_part INTEGER NOT NULL,
        read_up_to INTEGER NOT NULL,
        PRIMARY KEY (question_id, user_id, user_type)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "participant" VALUES(1,456,'ELDER',1,0);
INSERT INTO "participant" VALUES(1,456,'FAMILY',1,0);
INSERT INTO "participant" VALUES(1,456,'STAFF',1,0);
INSERT INTO "participant" VALUES(1,1001,'ELDER',1,0);
INSERT INTO "participant" VALUES(2,456,'STAFF',1,0);
INSERT INTO "participant" VALUES(2,1002,'ELDER',1,0);
INSERT INTO "participant" VALUES(3,1001,'ELDER',1,0);
INSERT INTO "participant" VALUES(4,1002,'ELDER',1,0);
INSERT INTO "participant" VALUES(4,1004,'STAFF',1,7);
CREATE TABLE question (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        elder_id INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
        created_at INTEGER NOT NULL
    , closed_at INTEGER, deleted_at INTEGER, assignee_id INTEGER, priority TEXT CHECK (priority IN ('NORMAL', 'URGENT')), category TEXT, notify_replies INTEGER NOT NULL DEFAULT 0, answer_within INTEGER, follow_up TEXT, waiting_task INTEGER) STRICT;
INSERT INTO "question" VALUES(1,'头晕两天',1001,'OPEN',1795903339839,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(2,'血压偏高 😀',1002,'CLOSED',1795903339843,1795903339859,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(3,'只建一次',1001,'OPEN',1795903340166,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(4,'药吃完了',1002,'OPEN',1795903340422,NULL,NULL,1004,'NORMAL','高血压',1,600000,'[[60000,null]]',NULL);
CREATE TABLE quiet_hours (
        user_id INTEGER PRIMARY KEY,
        begins TEXT NOT NULL,
        ends TEXT NOT NULL,
        timezone TEXT NOT NULL,
        zone_given INTEGER NOT NULL
    ) STRICT;
INSERT INTO "quiet_hours" VALUES(1003,'21:32','22:32','Etc/UTC',1);
CREATE TABLE reminder_task (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL,
        biz_type TEXT NOT NULL,
        biz_id INTEGER NOT NULL,
        title TEXT NOT NULL,
        content TEXT,
        remind_at INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'DISPATCHED', 'CANCELLED')),
        created_at INTEGER NOT NULL
    , rrule TEXT, exdates TEXT, timezone TEXT, missed TEXT CHECK (missed IN ('latest', 'all', 'skip')), paused INTEGER NOT NULL DEFAULT 0, starts_on TEXT, ends_on TEXT, next_at INTEGER, revision INTEGER NOT NULL DEFAULT 0, parked_at INTEGER, parked_for TEXT, next_on TEXT, zone_given INTEGER NOT NULL DEFAULT 1, follow_up TEXT, critical INTEGER, channel TEXT NOT NULL DEFAULT 'IN_APP'
        CHECK (channel IN ('IN_APP', 'SYSTEM_MESSAGE', 'SMS', 'PUSH'))) STRICT;
INSERT INTO "reminder_task" VALUES(1,1001,'INTERVENTION_TASK',12345,'复诊','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795903339864,NULL,NULL,NULL,NULL,0,NULL,NULL,4070908800000,0,NULL,NULL,'2099-01-01T08:00:00',0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(2,1001,'INTERVENTION_TASK',12345,'取消的','请在 20:00 前完成今日降压药服用',4070908800000,'CANCELLED',1795903339868,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'2099-01-01T08:00:00',0,NULL,NULL,'SYSTEM_MESSAGE');
INSERT INTO "reminder_task" VALUES(3,1001,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795903339876,NULL,NULL,NULL,NULL,0,NULL,NULL,4070908800000,0,NULL,NULL,'2099-01-01T08:00:00',0,'[[600000,1002],[4200000,null]]',NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(4,1002,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用',1795903338877,'CANCELLED',1795903339880,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,'[[600000,1002],[4200000,null]]',NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(5,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成',1795903338902,'DISPATCHED',1795903339903,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(6,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成',1795903338904,'DISPATCHED',1795903339905,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(7,1001,'INTERVENTION_TASK',12345,'散步','请在 20:00 前完成',1795903338908,'DISPATCHED',1795903339909,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(8,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成',1795903338911,'DISPATCHED',1795903339912,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(9,1003,'INTERVENTION_TASK',12345,'还没睡','请在 20:00 前完成今日降压药服用',1795903339169,'CANCELLED',1795903340171,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(10,1003,'INTERVENTION_TASK',12345,'睡着了','请在 20:00 前完成今日降压药服用',1795903339197,'CANCELLED',1795903340199,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,'[[600000,1003],[4200000,null]]',0,'IN_APP');
INSERT INTO "reminder_task" VALUES(11,1004,'CONSULTATION_WAITING',4,'咨询等待答复','药吃完了',1795903940424,'CANCELLED',1795903340424,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,1,'[[60000,1004],[3660000,null]]',NULL,'IN_APP');
CREATE TABLE revoked_token (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token BLOB NOT NULL UNIQUE,
        expires_at INTEGER NOT NULL,
        revoked_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "revoked_token" VALUES(1,X'0000000000000000000000000000000000000000000000000000000000000000',4070908800000,1735696800000);
CREATE TABLE revoked_user (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            user_id INTEGER NOT NULL,
            user_type TEXT NOT NULL,
            issued_until INTEGER NOT NULL,
            revoked_at INTEGER NOT NULL,
            UNIQUE (user_id, user_type)
        ) STRICT;
INSERT INTO "revoked_user" VALUES(1,1001,'ELDER',1735696800000,1735696800000);
CREATE TABLE rung (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_on TEXT NOT NULL,
        number INTEGER NOT NULL,
        user_id INTEGER,
        due_at INTEGER NOT NULL,
        passed_at INTEGER, held_from INTEGER,
        PRIMARY KEY (task_id, planned_on, number)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "rung" VALUES(4,'1795903338877',1,1002,1795903938877,1795903339899,NULL);
INSERT INTO "rung" VALUES(4,'1795903338877',2,NULL,1795907538877,1795903339899,NULL);
INSERT INTO "rung" VALUES(10,'1795903339197',0,1003,1795905120000,1795903340417,1795903339197);
INSERT INTO "rung" VALUES(10,'1795903339197',1,1003,1795903939197,1795903340417,NULL);
INSERT INTO "rung" VALUES(10,'1795903339197',2,NULL,1795907539197,1795903340417,NULL);
CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'0001_first_schema','2026-11-28 22:02:19.606401');
INSERT INTO "schema_migration" VALUES(2,'0002_client_msg_id','2026-11-28 22:02:19.609056');
INSERT INTO "schema_migration" VALUES(3,'0003_recurrence','2026-11-28 22:02:19.613290');
INSERT INTO "schema_migration" VALUES(4,'0004_answers','2026-11-28 22:02:19.616370');
INSERT INTO "schema_migration" VALUES(5,'0005_retention','2026-11-28 22:02:19.619017');
INSERT INTO "schema_migration" VALUES(6,'0006_entry','2026-11-28 22:02:19.621028');
INSERT INTO "schema_migration" VALUES(7,'0007_notifications_of_task','2026-11-28 22:02:19.622926');
INSERT INTO "schema_migration" VALUES(8,'0008_parked','2026-11-28 22:02:19.625475');
INSERT INTO "schema_migration" VALUES(9,'0009_wall_time','2026-11-28 22:02:19.628363');
INSERT INTO "schema_migration" VALUES(10,'0010_revoked_users','2026-11-28 22:02:19.630210');
INSERT INTO "schema_migration" VALUES(11,'0011_one_state_of_an_occurrence','2026-11-28 22:02:19.632327');
INSERT INTO "schema_migration" VALUES(12,'0012_planned_on','2026-11-28 22:02:19.635713');
INSERT INTO "schema_migration" VALUES(13,'0013_ladder','2026-11-28 22:02:19.640670');
INSERT INTO "schema_migration" VALUES(14,'0014_quiet_hours','2026-11-28 22:02:19.643146');
INSERT INTO "schema_migration" VALUES(15,'0015_clock_runs','2026-11-28 22:02:19.644641');
INSERT INTO "schema_migration" VALUES(16,'0016_time_reached','2026-11-28 22:02:19.646613');
INSERT INTO "schema_migration" VALUES(17,'0017_sessions','2026-11-28 22:02:19.648087');
INSERT INTO "schema_migration" VALUES(18,'0018_participants','2026-11-28 22:02:19.650387');
INSERT INTO "schema_migration" VALUES(19,'0019_replies','2026-11-28 22:02:19.655609');
INSERT INTO "schema_migration" VALUES(20,'0020_hooks','2026-11-28 22:02:19.657527');
INSERT INTO "schema_migration" VALUES(21,'0021_confirm_links','2026-11-28 22:02:19.661951');
INSERT INTO "schema_migration" VALUES(22,'0022_files','2026-11-28 22:02:19.665168');
INSERT INTO "schema_migration" VALUES(23,'0023_off_disk','2026-11-28 22:02:19.666660');
INSERT INTO "schema_migration" VALUES(24,'0024_batches_for_hooks','2026-11-28 22:02:19.668768');
CREATE TABLE session (
        id INTEGER PRIMARY KEY,
        secret TEXT NOT NULL,
        owner_id INTEGER,
        owner_type TEXT,
        user_id INTEGER,
        follows INTEGER NOT NULL,
        message_id INTEGER NOT NULL,
        notification_id INTEGER NOT NULL,
        ended_at INTEGER
    ) STRICT;
INSERT INTO "session" VALUES(1,'034447342c531299956a3d1756d1228ae01fd84b33d2f3925f73d529a987fc6d',NULL,NULL,1001,1,5,6,1795903340505);
CREATE TABLE session_room (
        session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        question_id INTEGER NOT NULL,
        is_staff INTEGER NOT NULL,
        updates INTEGER NOT NULL,
        since INTEGER NOT NULL, user_id INTEGER, user_type TEXT,
        PRIMARY KEY (session_id, question_id)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "session_room" VALUES(1,1,1,0,0,1001,'STAFF');
INSERT INTO "session_room" VALUES(1,4,1,0,7,1004,'STAFF');
CREATE TABLE sound_clock (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL, reached INTEGER, waited INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "sound_clock" VALUES(1,1795903339775,1795903339775,0);
CREATE TABLE "user_notification" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL,
    biz_type TEXT NOT NULL,
    biz_id INTEGER NOT NULL,
    title TEXT NOT NULL,
    content TEXT,
    status TEXT NOT NULL CHECK (status IN ('UNREAD', 'READ')),
    created_at INTEGER NOT NULL,
    read_at INTEGER,
    pushed_at INTEGER,
    task_id INTEGER REFERENCES reminder_task (id),
    occurrence_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    snoozed_until INTEGER,
    snooze_of INTEGER REFERENCES "user_notification" (id),
    pushed_to INTEGER NOT NULL DEFAULT 0,
    early INTEGER NOT NULL DEFAULT 0,
    occurrence_on TEXT,
    rung INTEGER NOT NULL DEFAULT 0,
    withdrawn_at INTEGER
) STRICT;
INSERT INTO "user_notification" VALUES(1,1002,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用','READ',1795903339885,1795903339899,NULL,4,1795903338877,NULL,NULL,NULL,0,0,'1795903338877',0,1795903339899);
INSERT INTO "user_notification" VALUES(2,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','READ',1795903339907,1795903340142,1795903339910,5,1795903338902,NULL,NULL,NULL,1,0,'1795903338902',0,NULL);
INSERT INTO "user_notification" VALUES(3,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成','READ',1795903339907,1795903339938,1795903339910,6,1795903338904,1795903339938,NULL,NULL,1,0,'1795903338904',0,NULL);
INSERT INTO "user_notification" VALUES(4,1001,'INTERVENTION_TASK',12345,'散步','请在 20:00 前完成','READ',1795903339919,1795903339935,1795903339920,7,1795903338908,NULL,NULL,NULL,1,0,'1795903338908',0,NULL);
INSERT INTO "user_notification" VALUES(5,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成','UNREAD',1795903339919,NULL,NULL,8,1795903338911,NULL,NULL,NULL,0,0,'1795903338911',0,NULL);
INSERT INTO "user_notification" VALUES(6,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','UNREAD',1795903340142,NULL,1795903340146,5,1795903340139,NULL,4070908800000,2,1,0,NULL,0,NULL);
INSERT INTO "user_notification" VALUES(7,1003,'INTERVENTION_TASK',12345,'还没睡','请在 20:00 前完成今日降压药服用','READ',1795903340177,1795903340409,NULL,9,1795903339169,NULL,NULL,NULL,0,0,'1795903339169',0,1795903340409);
INSERT INTO "user_notification" VALUES(8,1002,'CONSULTATION_REPLY',4,'咨询有新的回复','药吃完了','UNREAD',1795903340424,NULL,NULL,NULL,1795903340424,NULL,NULL,NULL,0,0,NULL,0,NULL);
INSERT INTO "user_notification" VALUES(9,1004,'CONSULTATION_REPLY',4,'咨询有新的回复','药吃完了','READ',1795903340424,1795903340430,NULL,NULL,1795903340424,NULL,NULL,NULL,0,0,NULL,0,NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('user_notification',1009);
INSERT INTO "sqlite_sequence" VALUES('question',1004);
INSERT INTO "sqlite_sequence" VALUES('message',1008);
INSERT INTO "sqlite_sequence" VALUES('reminder_task',1011);
INSERT INTO "sqlite_sequence" VALUES('revoked_token',1001);
INSERT INTO "sqlite_sequence" VALUES('revoked_user',1001);
INSERT INTO "sqlite_sequence" VALUES('audit',1001);
INSERT INTO "sqlite_sequence" VALUES('outbox',1001);
CREATE INDEX audit_age ON audit (at);
CREATE INDEX file_unnamed ON file (unnamed_since) WHERE unnamed_since IS NOT NULL;
CREATE INDEX file_use_of_question ON file_use (question_id);
CREATE INDEX held_snooze_of_user ON held_snooze (user_id);
CREATE INDEX history_of_notification ON history (notification_id, id) WHERE notification_id IS NOT NULL;
CREATE INDEX history_of_task ON history (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
CREATE UNIQUE INDEX message_of_client ON message (question_id, sender_type, sender_id, client_msg_id)
        WHERE client_msg_id IS NOT NULL;
CREATE INDEX message_of_question
        ON message (question_id, id, sender_type, sender_id, is_visible_to_patient);
CREATE INDEX occurrence_age ON occurrence (at);
CREATE INDEX occurrence_unanswered ON occurrence (notification_id)
        WHERE outcome = 'WRITTEN' AND settled IS NULL;
CREATE INDEX participant_of_user ON participant (user_id, user_type, question_id) WHERE takes_part = 1;
CREATE INDEX question_by_elder ON question (elder_id, id);
CREATE INDEX question_closed ON question (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX question_deleted ON question (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX question_that_tells ON question (id) WHERE notify_replies = 1;
CREATE INDEX reminder_task_due ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_due_again ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NOT NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_of_user ON reminder_task (user_id, id);
CREATE INDEX reminder_task_parked ON reminder_task (id) WHERE parked_at IS NOT NULL;
CREATE INDEX reminder_task_with_ladder ON reminder_task (id) WHERE follow_up IS NOT NULL;
CREATE INDEX rung_due ON rung (due_at) WHERE passed_at IS NULL;
CREATE INDEX rung_held ON rung (user_id, due_at) WHERE held_from IS NOT NULL AND passed_at IS NULL;
CREATE INDEX rung_passed ON rung (passed_at) WHERE passed_at IS NOT NULL;
CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");
CREATE INDEX session_age ON session (ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early, rung);
CREATE INDEX user_notification_of_replies ON user_notification (biz_id, user_id, read_at)
        WHERE task_id IS NULL;
CREATE INDEX user_notification_of_reply ON user_notification (biz_id, user_id)
        WHERE task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL);
CREATE UNIQUE INDEX user_notification_of_snooze ON user_notification (snooze_of, occurrence_at)
    WHERE snooze_of IS NOT NULL;
CREATE INDEX user_notification_of_user ON user_notification (user_id, id);
CREATE INDEX user_notification_read ON user_notification (read_at) WHERE read_at IS NOT NULL;
CREATE INDEX user_notification_snoozed ON user_notification (snoozed_until, id) WHERE snoozed_until IS NOT NULL;
CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
    WHERE pushed_at IS NULL AND status = 'UNREAD';
CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD';
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
COMMIT;
