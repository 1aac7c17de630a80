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
CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        task_id INTEGER,
        notification_id INTEGER,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        "by" TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
INSERT INTO "history" VALUES(1,2,NULL,1795762104380,'cancelled','API','{"planned_at":4070908800000}');
INSERT INTO "history" VALUES(2,5,3,1795762104472,'read','API','{}');
INSERT INTO "history" VALUES(3,4,2,1795762104479,'read','USER:1001','{}');
INSERT INTO "history" VALUES(4,4,2,1795762104479,'confirmed','USER:1001','{}');
INSERT INTO "history" VALUES(5,3,1,1795762104483,'snoozed','USER:1001','{"until":1795762104683}');
INSERT INTO "history" VALUES(6,3,1,1795762104683,'came_again','SYSTEM','{"notification_id":5}');
INSERT INTO "history" VALUES(7,3,1,1795762104683,'read','SYSTEM','{}');
INSERT INTO "history" VALUES(8,3,5,1795762104694,'snoozed','USER:1001','{"until":1795765704694}');
CREATE TABLE idempotency_key (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "idempotency_key" VALUES('key-1','912255c4b4e253f00beb6c02b88ce6e6257ea48bdcd4f52c647fa02070a509da','{"id":3,"title":"只建一次","elder_id":1001,"status":"OPEN","created_at":"2026-11-27 14:48:24","latest_message_id":null}',1795762104702);
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
INSERT INTO "message" VALUES(1,1,'STAFF',456,'医生王五','TEXT','您好，请详细描述一下您的症状','[]',1,1795762104331,NULL);
INSERT INTO "message" VALUES(2,1,'ELDER',456,NULL,'IMAGE',NULL,'[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795762104332,NULL);
INSERT INTO "message" VALUES(3,1,'STAFF',456,NULL,'TEXT','只给员工看','[]',0,1795762104332,NULL);
INSERT INTO "message" VALUES(4,1,'FAMILY',456,NULL,'TEXT','老人家说：''好的''
谢谢','[]',1,1795762104332,'甲-1');
INSERT INTO "message" VALUES(5,2,'STAFF',456,NULL,'TEXT','👩‍👩‍👧','[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795762104332,'甲-1');
CREATE TABLE occurrence (
        task_id INTEGER NOT NULL REFERENCES reminder_task (id),
        planned_on TEXT NOT NULL,
        planned_at INTEGER NOT NULL,
        at INTEGER NOT NULL,
        outcome TEXT NOT NULL CHECK (outcome IN ('WRITTEN', 'MISSED', 'PAUSED', 'CANCELLED')),
        notification_id INTEGER,
        PRIMARY KEY (task_id, planned_on)
    ) STRICT, WITHOUT ROWID;
INSERT INTO "occurrence" VALUES(2,'2099-01-01T08:00:00',4070908800000,1795762104380,'CANCELLED',NULL);
INSERT INTO "occurrence" VALUES(3,'1795762103386',1795762103386,1795762104402,'WRITTEN',1);
INSERT INTO "occurrence" VALUES(4,'1795762103398',1795762103398,1795762104402,'WRITTEN',2);
INSERT INTO "occurrence" VALUES(5,'1795762103419',1795762103419,1795762104437,'WRITTEN',3);
INSERT INTO "occurrence" VALUES(6,'1795762103435',1795762103435,1795762104437,'WRITTEN',4);
CREATE TABLE question (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        elder_id INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
        created_at INTEGER NOT NULL
    , closed_at INTEGER, deleted_at INTEGER) STRICT;
INSERT INTO "question" VALUES(1,'头晕两天',1001,'OPEN',1795762104321,NULL,NULL);
INSERT INTO "question" VALUES(2,'血压偏高 😀',1002,'CLOSED',1795762104324,1795762104355,NULL);
INSERT INTO "question" VALUES(3,'只建一次',1001,'OPEN',1795762104701,NULL,NULL);
CREATE TABLE reminder_task (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user_id INTEGER NOT NULL,
        biz_type TEXT NOT NULL,
        biz_id INTEGER NOT NULL,
        channel TEXT NOT NULL CHECK (channel IN ('IN_APP', 'SYSTEM_MESSAGE')),
        title TEXT NOT NULL,
        content TEXT,
        remind_at INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('PENDING', 'DISPATCHED', 'CANCELLED')),
        created_at INTEGER NOT NULL
    , rrule TEXT, exdates TEXT, timezone TEXT, missed TEXT CHECK (missed IN ('latest', 'all', 'skip')), paused INTEGER NOT NULL DEFAULT 0, starts_on TEXT, ends_on TEXT, next_at INTEGER, revision INTEGER NOT NULL DEFAULT 0, parked_at INTEGER, parked_for TEXT, next_on TEXT, zone_given INTEGER NOT NULL DEFAULT 1) STRICT;
INSERT INTO "reminder_task" VALUES(1,1001,'INTERVENTION_TASK',12345,'IN_APP','复诊','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795762104365,NULL,NULL,NULL,NULL,0,NULL,NULL,4070908800000,0,NULL,NULL,'2099-01-01T08:00:00',0);
INSERT INTO "reminder_task" VALUES(2,1001,'INTERVENTION_TASK',12345,'SYSTEM_MESSAGE','取消的','请在 20:00 前完成今日降压药服用',4070908800000,'CANCELLED',1795762104367,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'2099-01-01T08:00:00',0);
INSERT INTO "reminder_task" VALUES(3,1001,'INTERVENTION_TASK',12345,'IN_APP','服药提醒','请在 20:00 前完成',1795762103386,'DISPATCHED',1795762104386,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "reminder_task" VALUES(4,1001,'INTERVENTION_TASK',12345,'IN_APP','量血压','请在 20:00 前完成',1795762103398,'DISPATCHED',1795762104398,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "reminder_task" VALUES(5,1001,'INTERVENTION_TASK',12345,'IN_APP','散步','请在 20:00 前完成',1795762103419,'DISPATCHED',1795762104420,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
INSERT INTO "reminder_task" VALUES(6,1002,'INTERVENTION_TASK',12345,'IN_APP','还没人收到','请在 20:00 前完成',1795762103435,'DISPATCHED',1795762104435,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0);
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
CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'0001_first_schema','2026-11-27 06:48:23.775370');
INSERT INTO "schema_migration" VALUES(2,'0002_client_msg_id','2026-11-27 06:48:23.788539');
INSERT INTO "schema_migration" VALUES(3,'0003_recurrence','2026-11-27 06:48:23.791046');
INSERT INTO "schema_migration" VALUES(4,'0004_answers','2026-11-27 06:48:23.807577');
INSERT INTO "schema_migration" VALUES(5,'0005_retention','2026-11-27 06:48:23.819079');
INSERT INTO "schema_migration" VALUES(6,'0006_entry','2026-11-27 06:48:23.826849');
INSERT INTO "schema_migration" VALUES(7,'0007_notifications_of_task','2026-11-27 06:48:23.830749');
INSERT INTO "schema_migration" VALUES(8,'0008_parked','2026-11-27 06:48:23.839152');
INSERT INTO "schema_migration" VALUES(9,'0009_wall_time','2026-11-27 06:48:23.848882');
INSERT INTO "schema_migration" VALUES(10,'0010_revoked_users','2026-11-27 06:48:23.855896');
INSERT INTO "schema_migration" VALUES(11,'0011_one_state_of_an_occurrence','2026-11-27 06:48:23.870949');
INSERT INTO "schema_migration" VALUES(12,'0012_planned_on','2026-11-27 06:48:23.880398');
CREATE TABLE sound_clock (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
INSERT INTO "sound_clock" VALUES(1,1795762104282);
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
    task_id INTEGER NOT NULL REFERENCES reminder_task (id),
    occurrence_at INTEGER NOT NULL,
    confirmed_at INTEGER,
    snoozed_until INTEGER,
    snooze_of INTEGER REFERENCES "user_notification" (id),
    pushed_to INTEGER NOT NULL DEFAULT 0
, early INTEGER NOT NULL DEFAULT 0, occurrence_on TEXT) STRICT;
INSERT INTO "user_notification" VALUES(1,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','READ',1795762104402,1795762104683,1795762104418,3,1795762103386,NULL,NULL,NULL,1,0,'1795762103386');
INSERT INTO "user_notification" VALUES(2,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成','READ',1795762104402,1795762104479,1795762104418,4,1795762103398,1795762104479,NULL,NULL,1,0,'1795762103398');
INSERT INTO "user_notification" VALUES(3,1001,'INTERVENTION_TASK',12345,'散步','请在 20:00 前完成','READ',1795762104437,1795762104472,1795762104466,5,1795762103419,NULL,NULL,NULL,1,0,'1795762103419');
INSERT INTO "user_notification" VALUES(4,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成','UNREAD',1795762104437,NULL,NULL,6,1795762103435,NULL,NULL,NULL,0,0,'1795762103435');
INSERT INTO "user_notification" VALUES(5,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','UNREAD',1795762104683,NULL,1795762104688,3,1795762104683,NULL,4070908800000,1,1,0,NULL);
CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");
CREATE INDEX question_by_elder ON question (elder_id, id);
CREATE INDEX message_of_question ON message (question_id, id);
CREATE INDEX reminder_task_of_user ON reminder_task (user_id, id);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
CREATE UNIQUE INDEX message_of_client ON message (question_id, sender_type, sender_id, client_msg_id)
        WHERE client_msg_id IS NOT NULL;
CREATE INDEX history_of_task ON history (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX history_of_notification ON history (notification_id, id) WHERE notification_id IS NOT NULL;
CREATE UNIQUE INDEX user_notification_of_snooze ON user_notification (snooze_of, occurrence_at)
    WHERE snooze_of IS NOT NULL;
CREATE INDEX user_notification_snoozed ON user_notification (snoozed_until, id) WHERE snoozed_until IS NOT NULL;
CREATE INDEX user_notification_of_user ON user_notification (user_id, id);
CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD';
CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
    WHERE pushed_at IS NULL AND status = 'UNREAD';
CREATE INDEX question_closed ON question (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX question_deleted ON question (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX user_notification_read ON user_notification (read_at) WHERE read_at IS NOT NULL;
CREATE INDEX audit_age ON audit (at);
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE INDEX reminder_task_due ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_due_again ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NOT NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_parked ON reminder_task (id) WHERE parked_at IS NOT NULL;
CREATE INDEX occurrence_age ON occurrence (at);
CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('user_notification',1005);
INSERT INTO "sqlite_sequence" VALUES('question',1003);
INSERT INTO "sqlite_sequence" VALUES('message',1005);
INSERT INTO "sqlite_sequence" VALUES('reminder_task',1006);
INSERT INTO "sqlite_sequence" VALUES('revoked_token',1001);
INSERT INTO "sqlite_sequence" VALUES('revoked_user',1001);
INSERT INTO "sqlite_sequence" VALUES('audit',1001);
COMMIT;
