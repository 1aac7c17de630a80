BEGIN TRANSACTION;
CREATE TABLE idempotency_key (
        key TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        answer TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "idempotency_key" VALUES('key-1','8562df2f011616cd6b6d668f3210ef956b8733fad80d9b1c3b4cb83565896c1a','{"id":3,"title":"只建一次","elder_id":1001,"status":"OPEN","created_at":"2026-11-22 22:05:04","latest_message_id":null}',1795356304156);
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
INSERT INTO "message" VALUES(1,1,'STAFF',456,'医生王五','TEXT','您好，请详细描述一下您的症状','[]',1,1795356304042,NULL);
INSERT INTO "message" VALUES(2,1,'ELDER',456,NULL,'IMAGE',NULL,'[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795356304042,NULL);
INSERT INTO "message" VALUES(3,1,'STAFF',456,NULL,'TEXT','只给员工看','[]',0,1795356304042,NULL);
INSERT INTO "message" VALUES(4,1,'FAMILY',456,NULL,'TEXT','老人家说：''好的''
谢谢','[]',1,1795356304042,'甲-1');
INSERT INTO "message" VALUES(5,2,'STAFF',456,NULL,'TEXT','👩‍👩‍👧','[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795356304042,'甲-1');
CREATE TABLE question (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL,
        elder_id INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
        created_at INTEGER NOT NULL
    ) STRICT;
INSERT INTO "question" VALUES(1,'头晕两天',1001,'OPEN',1795356303996);
INSERT INTO "question" VALUES(2,'血压偏高 😀',1002,'CLOSED',1795356304026);
INSERT INTO "question" VALUES(3,'只建一次',1001,'OPEN',1795356304155);
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
    ) STRICT;
INSERT INTO "reminder_task" VALUES(1,1001,'INTERVENTION_TASK',12345,'IN_APP','复诊','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795356304073);
INSERT INTO "reminder_task" VALUES(2,1001,'INTERVENTION_TASK',12345,'SYSTEM_MESSAGE','取消的','请在 20:00 前完成今日降压药服用',4070908800000,'CANCELLED',1795356304093);
INSERT INTO "reminder_task" VALUES(3,1001,'INTERVENTION_TASK',12345,'IN_APP','服药提醒','请在 20:00 前完成',1795356303099,'DISPATCHED',1795356304099);
INSERT INTO "reminder_task" VALUES(4,1001,'INTERVENTION_TASK',12345,'IN_APP','量血压','请在 20:00 前完成',1795356303102,'DISPATCHED',1795356304102);
INSERT INTO "reminder_task" VALUES(5,1002,'INTERVENTION_TASK',12345,'IN_APP','还没人收到','请在 20:00 前完成',1795356303108,'DISPATCHED',1795356304108);
CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'0001_first_schema','2026-11-22 14:05:03.544546');
INSERT INTO "schema_migration" VALUES(2,'0002_client_msg_id','2026-11-22 14:05:03.550252');
CREATE TABLE user_notification (
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
        UNIQUE (task_id, occurrence_at)
    ) STRICT;
INSERT INTO "user_notification" VALUES(1,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','UNREAD',1795356304103,NULL,1795356304108,3,1795356303099);
INSERT INTO "user_notification" VALUES(2,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成','READ',1795356304103,1795356304152,1795356304108,4,1795356303102);
INSERT INTO "user_notification" VALUES(3,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成','UNREAD',1795356304127,NULL,NULL,5,1795356303108);
CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");
CREATE INDEX question_by_elder ON question (elder_id, id);
CREATE INDEX message_of_question ON message (question_id, id);
CREATE INDEX reminder_task_due ON reminder_task (remind_at, id) WHERE status = 'PENDING';
CREATE INDEX reminder_task_of_user ON reminder_task (user_id, id);
CREATE INDEX user_notification_of_user ON user_notification (user_id, id);
CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD';
CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
        WHERE pushed_at IS NULL AND status = 'UNREAD';
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
CREATE UNIQUE INDEX message_of_client ON message (question_id, sender_type, sender_id, client_msg_id)
        WHERE client_msg_id IS NOT NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('question',1003);
INSERT INTO "sqlite_sequence" VALUES('message',1005);
INSERT INTO "sqlite_sequence" VALUES('reminder_task',1005);
INSERT INTO "sqlite_sequence" VALUES('user_notification',1003);
COMMIT;
