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
INSERT INTO "clock_run" VALUES(1,1795849360503,1795849360597,0,1);
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
CREATE TABLE held_snooze (
        notification_id INTEGER PRIMARY KEY,
        user_id INTEGER NOT NULL,
        held_from INTEGER NOT NULL,
        until INTEGER NOT NULL
    ) STRICT;
INSERT INTO "held_snooze" VALUES(7,1003,1795849361550,1795851120000);
CREATE TABLE history (
        id INTEGER PRIMARY KEY,
        task_id INTEGER,
        notification_id INTEGER,
        at INTEGER NOT NULL,
        what TEXT NOT NULL,
        "by" TEXT NOT NULL,
        detail TEXT NOT NULL
    ) STRICT;
INSERT INTO "history" VALUES(1,2,NULL,1795849360833,'cancelled','API','{"planned_at":4070908800000}');
INSERT INTO "history" VALUES(2,4,NULL,1795849360880,'withdrawn','API','{"reason":"停药"}');
INSERT INTO "history" VALUES(3,7,4,1795849360933,'read','API','{}');
INSERT INTO "history" VALUES(4,6,3,1795849360936,'read','USER:1001','{}');
INSERT INTO "history" VALUES(5,6,3,1795849360936,'confirmed','USER:1001','{}');
INSERT INTO "history" VALUES(6,5,2,1795849360939,'snoozed','USER:1001','{"until":1795849361139}');
INSERT INTO "history" VALUES(7,5,2,1795849361146,'came_again','SYSTEM','{"notification_id":6}');
INSERT INTO "history" VALUES(8,5,2,1795849361146,'read','SYSTEM','{}');
INSERT INTO "history" VALUES(9,5,6,1795849361208,'snoozed','USER:1001','{"until":1795852961208}');
INSERT INTO "history" VALUES(10,9,7,1795849361351,'snoozed','API','{"until":1795849361550}');
INSERT INTO "history" VALUES(11,10,NULL,1795849361393,'held','SYSTEM','{"planned_at":1795849360382,"user_id":1003,"until":1795851120000}');
INSERT INTO "history" VALUES(12,9,7,1795849361553,'held','SYSTEM','{"user_id":1003,"until":1795851120000}');
INSERT INTO "history" VALUES(13,9,NULL,1795849361569,'withdrawn','API','{}');
INSERT INTO "history" VALUES(14,10,NULL,1795849361590,'cancelled','API','{"planned_at":1795849360382}');
INSERT INTO "history" VALUES(15,10,NULL,1795849361590,'withdrawn','API','{}');
INSERT INTO "history" VALUES(16,11,NULL,1795849361625,'created','SYSTEM','{}');
INSERT INTO "history" VALUES(17,11,NULL,1795849361625,'cancelled','STAFF:1004','{"planned_at":1795849961625}');
INSERT INTO "history" VALUES(18,NULL,9,1795849361649,'read','STAFF:1004','{}');
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
INSERT INTO "idempotency_key" VALUES('key-1','912255c4b4e253f00beb6c02b88ce6e6257ea48bdcd4f52c647fa02070a509da','{"id":3,"title":"只建一次","elder_id":1001,"status":"OPEN","created_at":"2026-11-28 15:02:41","latest_message_id":null}',1795849361239);
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
INSERT INTO "message" VALUES(1,1,'STAFF',456,'医生王五','TEXT','您好，请详细描述一下您的症状','[]',1,1795849360760,NULL);
INSERT INTO "message" VALUES(2,1,'ELDER',456,NULL,'IMAGE',NULL,'[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795849360761,NULL);
INSERT INTO "message" VALUES(3,1,'STAFF',456,NULL,'TEXT','只给员工看','[]',0,1795849360761,NULL);
INSERT INTO "message" VALUES(4,1,'FAMILY',456,NULL,'TEXT','老人家说：''好的''
谢谢','[]',1,1795849360761,'甲-1');
INSERT INTO "message" VALUES(5,2,'STAFF',456,NULL,'TEXT','👩‍👩‍👧','[{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400},{"url":"https://example.com/心电图.png","thumbnail_url":null,"duration":1.5,"size":102400}]',1,1795849360761,'甲-1');
INSERT INTO "message" VALUES(6,4,'ELDER',1002,NULL,'TEXT','还要吃吗','[]',1,1795849361625,NULL);
INSERT INTO "message" VALUES(7,4,'STAFF',1004,NULL,'TEXT','再吃一周','[]',1,1795849361625,NULL);
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
INSERT INTO "occurrence" VALUES(2,'2099-01-01T08:00:00',4070908800000,1795849360833,'CANCELLED',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(4,'1795849359846',1795849359846,1795849360858,'WRITTEN',1,'WITHDRAWN',1795849360880,'API','停药');
INSERT INTO "occurrence" VALUES(5,'1795849359886',1795849359886,1795849360895,'WRITTEN',2,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(6,'1795849359892',1795849359892,1795849360895,'WRITTEN',3,'DONE',1795849360936,'USER:1001',NULL);
INSERT INTO "occurrence" VALUES(7,'1795849359899',1795849359899,1795849360910,'WRITTEN',4,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(8,'1795849359907',1795849359907,1795849360910,'WRITTEN',5,NULL,NULL,NULL,NULL);
INSERT INTO "occurrence" VALUES(9,'1795849360266',1795849360266,1795849361277,'WRITTEN',7,'WITHDRAWN',1795849361569,'API',NULL);
INSERT INTO "occurrence" VALUES(10,'1795849360382',1795849360382,1795849361393,'WRITTEN',NULL,'WITHDRAWN',1795849361590,'API',NULL);
INSERT INTO "occurrence" VALUES(11,'1795849961625',1795849961625,1795849361625,'CANCELLED',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        subject_id INTEGER NOT NULL,
        at INTEGER NOT NULL,
        channel TEXT,
        state TEXT,
        hook TEXT,
        replay_of INTEGER
    ) STRICT;
INSERT INTO "outbox" VALUES(1,'message.created',1,1735696800000,NULL,NULL,NULL,NULL);
CREATE TABLE outbox_origin (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL) STRICT;
INSERT INTO "outbox_origin" VALUES(1,'605230dd9363');
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
INSERT INTO "question" VALUES(1,'头晕两天',1001,'OPEN',1795849360715,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(2,'血压偏高 😀',1002,'CLOSED',1795849360730,1795849360774,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(3,'只建一次',1001,'OPEN',1795849361239,NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL);
INSERT INTO "question" VALUES(4,'药吃完了',1002,'OPEN',1795849361611,NULL,NULL,1004,'NORMAL','高血压',1,600000,'[[60000,null]]',NULL);
CREATE TABLE quiet_hours (
        user_id INTEGER PRIMARY KEY,
        begins TEXT NOT NULL,
        ends TEXT NOT NULL,
        timezone TEXT NOT NULL,
        zone_given INTEGER NOT NULL
    ) STRICT;
INSERT INTO "quiet_hours" VALUES(1003,'06:32','07:32','Etc/UTC',1);
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
INSERT INTO "reminder_task" VALUES(1,1001,'INTERVENTION_TASK',12345,'复诊','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795849360798,NULL,NULL,NULL,NULL,0,NULL,NULL,4070908800000,0,NULL,NULL,'2099-01-01T08:00:00',0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(2,1001,'INTERVENTION_TASK',12345,'取消的','请在 20:00 前完成今日降压药服用',4070908800000,'CANCELLED',1795849360828,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'2099-01-01T08:00:00',0,NULL,NULL,'SYSTEM_MESSAGE');
INSERT INTO "reminder_task" VALUES(3,1001,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用',4070908800000,'PENDING',1795849360839,NULL,NULL,NULL,NULL,0,NULL,NULL,4070908800000,0,NULL,NULL,'2099-01-01T08:00:00',0,'[[600000,1002],[4200000,null]]',NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(4,1002,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用',1795849359846,'CANCELLED',1795849360848,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,'[[600000,1002],[4200000,null]]',NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(5,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成',1795849359886,'DISPATCHED',1795849360887,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(6,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成',1795849359892,'DISPATCHED',1795849360895,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(7,1001,'INTERVENTION_TASK',12345,'散步','请在 20:00 前完成',1795849359899,'DISPATCHED',1795849360900,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(8,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成',1795849359907,'DISPATCHED',1795849360907,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(9,1003,'INTERVENTION_TASK',12345,'还没睡','请在 20:00 前完成今日降压药服用',1795849360266,'CANCELLED',1795849361267,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,'IN_APP');
INSERT INTO "reminder_task" VALUES(10,1003,'INTERVENTION_TASK',12345,'睡着了','请在 20:00 前完成今日降压药服用',1795849360382,'CANCELLED',1795849361383,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,0,'[[600000,1003],[4200000,null]]',0,'IN_APP');
INSERT INTO "reminder_task" VALUES(11,1004,'CONSULTATION_WAITING',4,'咨询等待答复','药吃完了',1795849961625,'CANCELLED',1795849361625,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,0,NULL,NULL,NULL,1,'[[60000,1004],[3660000,null]]',NULL,'IN_APP');
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
INSERT INTO "rung" VALUES(4,'1795849359846',1,1002,1795849959846,1795849360880,NULL);
INSERT INTO "rung" VALUES(4,'1795849359846',2,NULL,1795853559846,1795849360880,NULL);
INSERT INTO "rung" VALUES(10,'1795849360382',0,1003,1795851120000,1795849361590,1795849360382);
INSERT INTO "rung" VALUES(10,'1795849360382',1,1003,1795849960382,1795849361590,NULL);
INSERT INTO "rung" VALUES(10,'1795849360382',2,NULL,1795853560382,1795849361590,NULL);
CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'0001_first_schema','2026-11-28 07:02:39.620982');
INSERT INTO "schema_migration" VALUES(2,'0002_client_msg_id','2026-11-28 07:02:39.631831');
INSERT INTO "schema_migration" VALUES(3,'0003_recurrence','2026-11-28 07:02:39.655836');
INSERT INTO "schema_migration" VALUES(4,'0004_answers','2026-11-28 07:02:39.663920');
INSERT INTO "schema_migration" VALUES(5,'0005_retention','2026-11-28 07:02:39.682730');
INSERT INTO "schema_migration" VALUES(6,'0006_entry','2026-11-28 07:02:39.702330');
INSERT INTO "schema_migration" VALUES(7,'0007_notifications_of_task','2026-11-28 07:02:39.714516');
INSERT INTO "schema_migration" VALUES(8,'0008_parked','2026-11-28 07:02:39.735012');
INSERT INTO "schema_migration" VALUES(9,'0009_wall_time','2026-11-28 07:02:39.747549');
INSERT INTO "schema_migration" VALUES(10,'0010_revoked_users','2026-11-28 07:02:39.764532');
INSERT INTO "schema_migration" VALUES(11,'0011_one_state_of_an_occurrence','2026-11-28 07:02:39.776129');
INSERT INTO "schema_migration" VALUES(12,'0012_planned_on','2026-11-28 07:02:39.787931');
INSERT INTO "schema_migration" VALUES(13,'0013_ladder','2026-11-28 07:02:39.830840');
INSERT INTO "schema_migration" VALUES(14,'0014_quiet_hours','2026-11-28 07:02:39.849701');
INSERT INTO "schema_migration" VALUES(15,'0015_clock_runs','2026-11-28 07:02:39.872388');
INSERT INTO "schema_migration" VALUES(16,'0016_time_reached','2026-11-28 07:02:39.880906');
INSERT INTO "schema_migration" VALUES(17,'0017_sessions','2026-11-28 07:02:39.889619');
INSERT INTO "schema_migration" VALUES(18,'0018_participants','2026-11-28 07:02:39.894679');
INSERT INTO "schema_migration" VALUES(19,'0019_replies','2026-11-28 07:02:39.903671');
INSERT INTO "schema_migration" VALUES(20,'0020_hooks','2026-11-28 07:02:39.915076');
INSERT INTO "schema_migration" VALUES(21,'0021_confirm_links','2026-11-28 07:02:39.930866');
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
INSERT INTO "session" VALUES(1,'73ac7aa9af022cf2e4cd922f01efee72ddf6d276e0de264093e7e8aec6d693df',NULL,NULL,1001,1,5,7,1795849361654);
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
INSERT INTO "sound_clock" VALUES(1,1795849360597,1795849360597,0);
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
INSERT INTO "user_notification" VALUES(1,1002,'INTERVENTION_TASK',12345,'有人跟进','请在 20:00 前完成今日降压药服用','READ',1795849360858,1795849360880,NULL,4,1795849359846,NULL,NULL,NULL,0,0,'1795849359846',0,1795849360880);
INSERT INTO "user_notification" VALUES(2,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','READ',1795849360895,1795849361146,1795849360898,5,1795849359886,NULL,NULL,NULL,1,0,'1795849359886',0,NULL);
INSERT INTO "user_notification" VALUES(3,1001,'INTERVENTION_TASK',12345,'量血压','请在 20:00 前完成','READ',1795849360895,1795849360936,1795849360898,6,1795849359892,1795849360936,NULL,NULL,1,0,'1795849359892',0,NULL);
INSERT INTO "user_notification" VALUES(4,1001,'INTERVENTION_TASK',12345,'散步','请在 20:00 前完成','READ',1795849360910,1795849360933,1795849360914,7,1795849359899,NULL,NULL,NULL,1,0,'1795849359899',0,NULL);
INSERT INTO "user_notification" VALUES(5,1002,'INTERVENTION_TASK',12345,'还没人收到','请在 20:00 前完成','UNREAD',1795849360910,NULL,NULL,8,1795849359907,NULL,NULL,NULL,0,0,'1795849359907',0,NULL);
INSERT INTO "user_notification" VALUES(6,1001,'INTERVENTION_TASK',12345,'服药提醒','请在 20:00 前完成','UNREAD',1795849361146,NULL,1795849361181,5,1795849361139,NULL,4070908800000,2,1,0,NULL,0,NULL);
INSERT INTO "user_notification" VALUES(7,1003,'INTERVENTION_TASK',12345,'还没睡','请在 20:00 前完成今日降压药服用','READ',1795849361277,1795849361569,NULL,9,1795849360266,NULL,NULL,NULL,0,0,'1795849360266',0,1795849361569);
INSERT INTO "user_notification" VALUES(8,1002,'CONSULTATION_REPLY',4,'咨询有新的回复','药吃完了','UNREAD',1795849361625,NULL,NULL,NULL,1795849361625,NULL,NULL,NULL,0,0,NULL,0,NULL);
INSERT INTO "user_notification" VALUES(9,1004,'CONSULTATION_REPLY',4,'咨询有新的回复','药吃完了','READ',1795849361625,1795849361649,NULL,NULL,1795849361625,NULL,NULL,NULL,0,0,NULL,0,NULL);
CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");
CREATE INDEX question_by_elder ON question (elder_id, id);
CREATE INDEX reminder_task_of_user ON reminder_task (user_id, id);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
CREATE UNIQUE INDEX message_of_client ON message (question_id, sender_type, sender_id, client_msg_id)
        WHERE client_msg_id IS NOT NULL;
CREATE INDEX history_of_task ON history (task_id, id) WHERE task_id IS NOT NULL;
CREATE INDEX history_of_notification ON history (notification_id, id) WHERE notification_id IS NOT NULL;
CREATE INDEX question_closed ON question (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX question_deleted ON question (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX audit_age ON audit (at);
CREATE TRIGGER audit_is_only_added_to BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;
CREATE INDEX reminder_task_due ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_due_again ON reminder_task (next_at, id)
        WHERE next_at IS NOT NULL AND rrule IS NOT NULL AND parked_at IS NULL;
CREATE INDEX reminder_task_parked ON reminder_task (id) WHERE parked_at IS NOT NULL;
CREATE INDEX occurrence_age ON occurrence (at);
CREATE INDEX reminder_task_with_ladder ON reminder_task (id) WHERE follow_up IS NOT NULL;
CREATE INDEX occurrence_unanswered ON occurrence (notification_id)
        WHERE outcome = 'WRITTEN' AND settled IS NULL;
CREATE INDEX rung_due ON rung (due_at) WHERE passed_at IS NULL;
CREATE INDEX rung_passed ON rung (passed_at) WHERE passed_at IS NOT NULL;
CREATE INDEX rung_held ON rung (user_id, due_at) WHERE held_from IS NOT NULL AND passed_at IS NULL;
CREATE INDEX held_snooze_of_user ON held_snooze (user_id);
CREATE INDEX session_age ON session (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX participant_of_user ON participant (user_id, user_type, question_id) WHERE takes_part = 1;
CREATE INDEX message_of_question
        ON message (question_id, id, sender_type, sender_id, is_visible_to_patient);
CREATE INDEX question_that_tells ON question (id) WHERE notify_replies = 1;
CREATE UNIQUE INDEX user_notification_of_occurrence
        ON user_notification (task_id, occurrence_on, coalesce(snooze_of, 0), early, rung);
CREATE UNIQUE INDEX user_notification_of_snooze ON user_notification (snooze_of, occurrence_at)
    WHERE snooze_of IS NOT NULL;
CREATE INDEX user_notification_snoozed ON user_notification (snoozed_until, id) WHERE snoozed_until IS NOT NULL;
CREATE INDEX user_notification_of_user ON user_notification (user_id, id);
CREATE INDEX user_notification_unread ON user_notification (user_id) WHERE status = 'UNREAD';
CREATE INDEX user_notification_unpushed ON user_notification (user_id, id)
    WHERE pushed_at IS NULL AND status = 'UNREAD';
CREATE INDEX user_notification_read ON user_notification (read_at) WHERE read_at IS NOT NULL;
CREATE INDEX user_notification_of_reply ON user_notification (biz_id, user_id)
        WHERE task_id IS NULL AND (status = 'UNREAD' OR snoozed_until IS NOT NULL);
CREATE INDEX user_notification_of_replies ON user_notification (biz_id, user_id, read_at)
        WHERE task_id IS NULL;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('user_notification',1009);
INSERT INTO "sqlite_sequence" VALUES('question',1004);
INSERT INTO "sqlite_sequence" VALUES('message',1007);
INSERT INTO "sqlite_sequence" VALUES('reminder_task',1011);
INSERT INTO "sqlite_sequence" VALUES('revoked_token',1001);
INSERT INTO "sqlite_sequence" VALUES('revoked_user',1001);
INSERT INTO "sqlite_sequence" VALUES('audit',1001);
INSERT INTO "sqlite_sequence" VALUES('outbox',1001);
COMMIT;
