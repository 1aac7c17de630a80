// Careline 协议的 TypeScript 类型，由 `make docs` 生成，请勿手改；各字段的规则见 docs/socket-events.md。
// Types of Careline's protocol. `make docs` writes them; docs/socket-events.md has the rules of each field.
//
//   import { io, type Socket } from "socket.io-client";
//   import type { ClientToServerEvents, ServerToClientEvents } from "./careline";
//
//   const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:8000");
//   socket.on("new_message", (message) => console.log(message.content_text));
//   socket.emit("join_question", { question_id: 123 }, (reply) => console.log(reply));

/** 发送的数据，以及可省略的回调。What is sent, and a callback that may be left out. */
export type Emitted<Payload, Reply> = [payload: Payload] | [payload: Payload, acknowledge: (reply: Reply) => void];

/** 服务器发出的事件 / events of the server */
export interface ServerToClientEvents {
  /** 确认已成功加入房间 / the connection is in the room */
  joined_question: (payload: JoinedQuestion) => void;
  /** 确认已成功离开房间 / the connection is out of the room */
  left_question: (payload: LeftQuestion) => void;
  /** 返回发送结果（成功或失败） / what became of a message */
  "send_message:ack": (payload: Sent | NotSent) => void;
  /** 向所在咨询房间广播新消息 / a new message, to all in the question's room */
  new_message: (payload: Message) => void;
  /** 提醒到期后推送给该用户的所有连接 / a reminder came due, to all of the user's connections */
  "notification:new": (payload: Notification) => void;
  /** 确认绑定结果 / the connection is bound */
  "bind_user:ack": (payload: BoundUser) => void;
  /** 返回参数错误、业务异常等非鉴权错误 / a fault of anything but a send */
  error: (payload: Error) => void;
  /** 确认已标记为已读 / the notification is read */
  "notification:read:ack": (payload: Answered) => void;
  /** 确认已确认 / the notification is confirmed */
  "notification:confirm:ack": (payload: Answered) => void;
  /** 确认已推迟 / the notification is snoozed */
  "notification:snooze:ack": (payload: Answered) => void;
  /** 通知的状态有变化，使同一用户的各个终端保持一致 / a notification has changed, so that a user's devices stay in step */
  "notification:updated": (payload: NotificationUpdated) => void;
  /** 咨询问题有变化 / a question has changed */
  "question:updated": (payload: Question) => void;
  /** 确认已读到哪一条，以及还有多少条未读 / up to where it is read, and how many messages are not */
  "read_question:ack": (payload: ReadAck) => void;
  /** 有人读到了更后面的消息 / a user has read further */
  "question:read": (payload: QuestionRead) => void;
}

/** 客户端发出的事件 / events of clients */
export interface ClientToServerEvents {
  /** 订阅某个咨询问题的实时消息 / subscribe to a consultation question's live messages */
  join_question: (...sent: Emitted<JoinQuestion, JoinedQuestion | Error>) => void;
  /** 取消订阅某个咨询问题的实时消息 / end that subscription */
  leave_question: (...sent: Emitted<LeaveQuestion, LeftQuestion | Error>) => void;
  /** 向指定咨询问题发送消息并持久化 / send a message to a question and store it */
  send_message: (...sent: Emitted<SendMessage, Sent | NotSent>) => void;
  /** 将当前连接绑定到指定用户房间，用于接收该用户的通知推送 / bind this connection to a user's room, to get that user's notifications */
  bind_user: (...sent: Emitted<BindUser, BoundUser | Error>) => void;
  /** 标记通知为已读 / mark a notification as read */
  "notification:read": (...sent: Emitted<AnswerNotification, Answered | Error>) => void;
  /** 确认通知（例如已服药），同时标记为已读 / confirm a notification (the medicine is taken), which also marks it as read */
  "notification:confirm": (...sent: Emitted<ConfirmNotification, Answered | Error>) => void;
  /** 推迟通知：到时作为新的通知再次提醒 / snooze a notification: at that time it comes again, as a new one */
  "notification:snooze": (...sent: Emitted<SnoozeNotification, Answered | Error>) => void;
  /** 告知已读到哪一条消息 / tell up to which message the user has read a question */
  read_question: (...sent: Emitted<ReadQuestion, ReadAck | Error>) => void;
}

/** HTTP 接口：路径、查询、请求体与响应；出错时为 Error / HTTP calls; a fault is an Error */
export interface Calls {
  /** 新建咨询问题 / opens a consultation question */
  "POST /api/questions": { body: NewQuestion; answer: Question };
  /** 列出咨询问题，最新的在前 / lists questions, newest first */
  "GET /api/questions": { query?: QuestionQuery; answer: QuestionPage };
  /** 查询一个咨询问题 / one question */
  "GET /api/questions/{question_id}": { path: { question_id: number }; query?: VisibilityQuery; answer: Question };
  /** 修改：关闭、重新打开、指派等 / changes a question: closes, reopens or assigns it */
  "PATCH /api/questions/{question_id}": { path: { question_id: number }; query?: VisibilityQuery; body: QuestionChange; answer: Question };
  /** 消息历史，旧的在前：after_id 之后的，或 before_id 之前最近的 / messages, oldest first: the next ones above after_id, or the latest below before_id */
  "GET /api/questions/{question_id}/messages": { path: { question_id: number }; query?: MessageQuery; answer: MessagePage };
  /** 向指定咨询问题发送消息 / sends a message to a question */
  "POST /api/questions/{question_id}/messages": { path: { question_id: number }; body: NewMessage; answer: Message };
  /** 上传一个文件，之后可放入消息的附件 / uploads a file, which messages may then have as an attachment */
  "POST /api/files": { body: Blob | FormData; answer: StoredFile };
  /** 参与者，以及各自读到哪一条 / who takes part, and up to where each has read */
  "GET /api/questions/{question_id}/participants": { path: { question_id: number }; query?: ParticipantQuery; answer: ParticipantPage };
  /** 加入一位参与者；重复加入无变化 / lets a user take part; again changes nothing */
  "POST /api/questions/{question_id}/participants": { path: { question_id: number }; body: NewParticipant; answer: Participant };
  /** 移除一位参与者；长者除外 / lets a user take part no more; not the elder */
  "DELETE /api/questions/{question_id}/participants": { path: { question_id: number }; body: NewParticipant; answer: Participant };
  /** 新建提醒任务；时间已过则立即触发 / adds a reminder task; one whose time is past fires at once */
  "POST /api/reminders": { body: NewReminder; answer: ReminderTask };
  /** 列出提醒任务，最新的在前 / lists reminder tasks, newest first */
  "GET /api/reminders": { query?: ReminderQuery; answer: ReminderPage };
  /** 查询一个提醒任务 / one reminder task */
  "GET /api/reminders/{id}": { path: { id: number }; answer: ReminderTask };
  /** 修改提醒任务，或暂停与恢复；已触发或已取消则 409 / changes a task, or pauses it; 409 when it was dispatched or cancelled */
  "PATCH /api/reminders/{id}": { path: { id: number }; body: ReminderChange; answer: ReminderTask };
  /** 接下来何时触发，最早的在前 / when a task is due next, earliest first */
  "GET /api/reminders/{id}/occurrences": { path: { id: number }; query?: OccurrenceQuery; answer: OccurrencePage };
  /** 任务及其通知的历史记录，旧的在前：最近的，或 before_id 之前最近的 / what happened to a task and its notifications, oldest first: the latest, or the latest below before_id */
  "GET /api/reminders/{id}/history": { path: { id: number }; query?: HistoryQuery; answer: HistoryPage };
  /** 取消提醒任务；重复取消无变化，已触发则 409 / cancels a task; again changes nothing; 409 when it was dispatched */
  "DELETE /api/reminders/{id}": { path: { id: number }; answer: ReminderTask };
  /** 撤回提醒任务：不再触发，未读的通知变为已读；重复撤回无变化 / withdraws a task: it fires no more, and what is unread of it becomes READ; again changes nothing */
  "POST /api/reminders/{id}/withdraw": { path: { id: number }; body: Withdrawal; answer: ReminderTask };
  /** 已触发而尚无结果的，最旧的在前 / what has fired and has no outcome, oldest first */
  "GET /api/reminders/unanswered": { query?: UnansweredQuery; answer: UnansweredPage };
  /** 某用户一天的各次提醒及其结果，最早的在前 / a user's occurrences of a day and their outcomes, earliest first */
  "GET /api/users/{user_id}/day": { path: { user_id: number }; query?: DayQuery; answer: DayPage };
  /** 设置用户的免打扰时段，取代以前的 / gives a user quiet hours, in place of the earlier ones */
  "PUT /api/users/{user_id}/quiet-hours": { path: { user_id: number }; body: NewQuietHours; answer: QuietHours };
  /** 查询用户的免打扰时段 / a user's quiet hours */
  "GET /api/users/{user_id}/quiet-hours": { path: { user_id: number }; answer: QuietHours };
  /** 取消用户的免打扰时段；重复取消无变化 / ends a user's quiet hours for good; again changes nothing */
  "DELETE /api/users/{user_id}/quiet-hours": { path: { user_id: number }; answer: QuietHours };
  /** 某用户的通知，最新的在前；带 after_id 时旧的在前 / a user's notifications, newest first; with after_id oldest first */
  "GET /api/users/{user_id}/notifications": { path: { user_id: number }; query?: NotificationQuery; answer: NotificationPage };
  /** 标记为已读；重复标记无变化 / marks a notification as read; again changes nothing */
  "POST /api/notifications/{id}/read": { path: { id: number }; answer: Notification };
  /** 推迟：到时作为新的通知再次提醒 / snoozes a notification: at that time it comes again, as a new one */
  "POST /api/notifications/{id}/snooze": { path: { id: number }; body: Snooze; answer: AnsweredNotification };
  /** 确认，同时标记为已读；重复确认无变化 / confirms a notification, which also marks it as read; again changes nothing */
  "POST /api/notifications/{id}/confirm": { path: { id: number }; body?: Confirmation; answer: AnsweredNotification };
  /** 一条通知的历史记录，旧的在前：最近的，或 before_id 之前最近的 / what happened to a notification, oldest first: the latest, or the latest below before_id */
  "GET /api/notifications/{id}/history": { path: { id: number }; query?: HistoryQuery; answer: HistoryPage };
  /** 运行状态；数据库不可写或提醒循环停止时为 503 / how the server is; 503 when the database cannot be written or the reminder loop has stopped */
  "GET /health": { answer: Health };
}

/** 仅 `--sandbox` 提供的 HTTP 接口 / HTTP calls that only `--sandbox` has */
export interface SandboxCalls {
  /** 沙盒的当前时间、连接数与故障 / the sandbox's time, connections and faults */
  "GET /sandbox": { answer: SandboxState };
  /** 把沙盒的时钟拨快，途中到期的一切按顺序触发 / moves the clock forward; all that is due on the way fires */
  "POST /sandbox/clock": { body: ClockMove; answer: MovedClock };
  /** 断开一个或所有连接 / cuts one connection, or all */
  "POST /sandbox/cut": { body?: ConnectionCut; answer: CutConnections };
  /** 丢弃接下来的 `send_message` 回应 / loses the next replies to `send_message` */
  "POST /sandbox/lose-acks": { body: AcksToLose; answer: SandboxFaults };
  /** 延迟对事件与 HTTP 接口的回应 / delays the answers to events and calls */
  "POST /sandbox/delay": { body: AnswerDelay; answer: SandboxFaults };
  /** 在一段时间内拒绝写入，如同磁盘已满 / refuses writes for a while, as a full disk does */
  "POST /sandbox/refuse-writes": { body: WriteRefusal; answer: SandboxFaults };
  /** 重启服务器：端口、数据库与时间不变 / restarts the server; port, database and time stay */
  "POST /sandbox/restart": { answer: SandboxFaults };
}

/** Section 2.1. */
export interface JoinQuestion {
  /** 咨询问题编号：正整数 / the question's id: a positive integer */
  question_id: number;
  /** 用户编号；登录前可省略或为 0：正整数 / the user's id; left out or 0 before a log-in: a positive integer, or 0 before a log-in */
  user_id?: number | null;
  /** 用户类型；只有 `STAFF` 看得到内部消息，省略时与老人所见相同：1 到 32 个大写字母、数字或下划线 / what the user is; only `STAFF` sees staff-only messages, and one who leaves it out sees what elders see: 1 to 32 of A-Z, 0-9 and _ */
  user_type?: string | null;
  /** 显示名称：不超过 64 个字符的文本 / the name to show: text of at most 64 characters */
  role_display_name?: string | null;
  /** 游标：已收到的最后一条消息的编号，或 0；要求补发其后的：不小于 0 的整数 / a cursor, the id of the last message that the client has, or 0: asks for those after it: an integer of at least 0 */
  after_id?: number | null;
  /** `true`：咨询问题有变化时收到 `question:updated`（第 2.4 节）：布尔值 / `true` asks for `question:updated` when the question changes (section 2.4): a boolean */
  updates?: boolean | null;
}

/** Section 2.2. */
export interface LeaveQuestion {
  /** 咨询问题编号：正整数 / the question's id: a positive integer */
  question_id: number;
}

/**
 * sender_id 必须为正整数
 * content_text 必须为非空文本（没有附件时）
 * is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）
 */
export interface SendMessage {
  /** 咨询问题编号：正整数 / the question's id: a positive integer */
  question_id: number;
  /** 发送者类型：1 到 32 个大写字母、数字或下划线 / what the sender is: 1 to 32 of A-Z, 0-9 and _ */
  sender_type: string;
  /** 发送者编号；只有 SYSTEM 消息可以省略：正整数 / the sender's id; only a SYSTEM message may leave it out: a positive integer */
  sender_id?: number | null;
  /** 显示名称：不超过 64 个字符的文本 / the name to show: text of at most 64 characters */
  role_display_name?: string | null;
  /** 内容类型：1 到 32 个大写字母、数字或下划线 / what the content is: 1 to 32 of A-Z, 0-9 and _ */
  content_type: string;
  /** 正文：不超过 10000 个字符的文本 / the text: text of at most 10,000 characters */
  content_text?: string | null;
  /** 附件，默认为 `[]`：不超过 20 项的数组 / attachments, `[]` when left out: a list of at most 20 attachments */
  attachments?: Attachment[] | null;
  /** 客户端给消息的编号，用它可以放心重发：1 到 64 个字符的文本 / the client's own id for the message, with which it is safe to send again: text of 1 to 64 characters */
  client_msg_id?: string | null;
  /** 默认为 `true`；`false` 为仅员工可见：布尔值 / `true` when left out; `false` is for staff only: a boolean; 1 and 0 are taken as one */
  is_visible_to_patient?: boolean | 0 | 1 | null;
}

/** All four keys always come back; the file itself is never fetched. */
export interface Attachment {
  /** 文件地址，任何协议；服务器不访问它：1 到 2048 个字符的文本 / where the file is, of any scheme; the server never fetches it: text of 1 to 2,048 characters */
  url: string;
  /** 缩略图地址：不超过 2048 个字符的文本或 null / where its thumbnail is: text of at most 2,048 characters, or null */
  thumbnail_url?: string | null;
  /** 时长，单位由客户端约定：不小于 0 的数或 null / how long it plays, in the clients' own unit: a number of at least 0, or null */
  duration?: number | null;
  /** 大小，字节：不小于 0 的整数或 null / its size in bytes: an integer of at least 0, or null */
  size?: number | null;
}

/** Section 4.1. */
export interface BindUser {
  /** 要接收谁的通知：正整数 / whose notifications to get: a positive integer */
  user_id: number;
  /** 游标：已收到的最后一条通知的编号，或 0；要求补发其后的：不小于 0 的整数 / a cursor, the id of the last notification that the client has, or 0: asks for those after it: an integer of at least 0 */
  after_id?: number | null;
}

/** Section 4.3: `notification:read` and `notification:confirm`. */
export interface AnswerNotification {
  /** 通知编号：正整数 / the notification's id: a positive integer */
  id: number;
}

/** Section 4.3. */
export interface ConfirmNotification {
  /** 通知编号：正整数 / the notification's id: a positive integer */
  id: number;
  /** 结果（第 12 节）；默认为 `DONE`：DONE 或 SKIPPED / what became of it (section 12); `DONE` when left out: DONE or SKIPPED */
  outcome?: "DONE" | "SKIPPED" | null;
  /** 备注：不超过 500 个字符的文本 / a note: text of at most 500 characters */
  note?: string | null;
  /** 实际的时间，不晚于现在；默认为现在：有效时间 / when it really was, not later than now; now when left out: a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset */
  at?: string | null;
}

/** Section 4.3. */
export interface SnoozeNotification {
  /** 通知编号：正整数 / the notification's id: a positive integer */
  id: number;
  /** 推迟到何时再次提醒：一年之内的将来时间 / when it is to come again: a time within the coming year, written as any other (section 8) */
  until: string;
}

/** Section 2.5. */
export interface ReadQuestion {
  /** 咨询问题编号：正整数 / the question's id: a positive integer */
  question_id: number;
  /** 已读到哪一条消息，含该条：不小于 0 的整数 / the id of the last message that the user has read: an integer of at least 0 */
  up_to_id: number;
}

/** 第 2.1 节。Section 2.1. */
export interface JoinedQuestion {
  /** 咨询问题编号 / the question's id */
  question_id: number;
  /** 带 `after_id` 才有：可见的最新编号，没有时为 0 / with `after_id` only: the latest visible id, 0 without any */
  latest_id?: number;
  /** 带 `after_id` 才有：补发之外是否还有更多 / with `after_id` only: whether there is more than is sent */
  has_more?: boolean;
}

/** 第 2.2 节。Section 2.2. */
export interface LeftQuestion {
  /** 咨询问题编号 / the question's id */
  question_id: number;
}

/** 消息已保存。The message is stored. */
export interface Sent {
  /** 总是 true / always true */
  success: true;
  /** 用于展示的文本 / a text to show */
  message: "发送成功";
  /** 已保存的消息 / the message as stored */
  data: OwnMessage;
}

/** 发送者收到的消息。A message as its sender gets it. */
export interface OwnMessage {
  /** 消息编号，按提交顺序递增，永不重用 / the message's id: rises in commit order, is never used again */
  id: number;
  /** 咨询问题编号 / the question's id */
  question_id: number;
  /** 发送者类型 / what the sender is */
  sender_type: string;
  /** 发送者编号；没有的 SYSTEM 消息为 null / the sender's id; null for a SYSTEM message without one */
  sender_id: number | null;
  /** 发送者显示名称 / the sender's name, as shown */
  role_display_name: string | null;
  /** 内容类型 / what the content is */
  content_type: string;
  /** 正文，与发送时完全相同 / the text, exactly as sent */
  content_text: string | null;
  /** 服务器收到的时间 / when the server got it */
  sent_at: string;
  /** 总是 SENT / always SENT */
  status: "SENT";
  /** false 为仅员工可见 / false for staff only */
  is_visible_to_patient: boolean;
  /** 附件，没有时为 [] / the attachments, [] when there are none */
  attachments: StoredAttachment[];
  /** 发送时带了才有，从不出现在 `new_message` 与 HTTP 中 / if sent with one; never in `new_message` or HTTP */
  client_msg_id?: string;
}

/** 四个键总是齐全。All four keys are always there. */
export interface StoredAttachment {
  /** 文件地址，服务器不访问它 / where the file is; the server never fetches it */
  url: string;
  /** 缩略图地址 / where its thumbnail is */
  thumbnail_url: string | null;
  /** 时长，单位由客户端约定 / how long it plays, in the clients' own unit */
  duration: number | null;
  /** 大小，字节 / its size in bytes */
  size: number | null;
}

/** 消息没有保存。恰好这两个键。The message is not stored. These two keys exactly. */
export interface NotSent {
  /** 总是 false / always false */
  success: false;
  /** 原因，以“发送失败：”开头 / the reason, after 发送失败： */
  message: string;
}

/** 第 2.3 节。Section 2.3. */
export interface Message {
  /** 消息编号，按提交顺序递增，永不重用 / the message's id: rises in commit order, is never used again */
  id: number;
  /** 咨询问题编号 / the question's id */
  question_id: number;
  /** 发送者类型 / what the sender is */
  sender_type: string;
  /** 发送者编号；没有的 SYSTEM 消息为 null / the sender's id; null for a SYSTEM message without one */
  sender_id: number | null;
  /** 发送者显示名称 / the sender's name, as shown */
  role_display_name: string | null;
  /** 内容类型 / what the content is */
  content_type: string;
  /** 正文，与发送时完全相同 / the text, exactly as sent */
  content_text: string | null;
  /** 服务器收到的时间 / when the server got it */
  sent_at: string;
  /** 总是 SENT / always SENT */
  status: "SENT";
  /** false 为仅员工可见 / false for staff only */
  is_visible_to_patient: boolean;
  /** 附件，没有时为 [] / the attachments, [] when there are none */
  attachments: StoredAttachment[];
}

/** 第 4.2 节。Section 4.2. */
export interface Notification {
  /** 通知编号，按提交顺序递增，永不重用 / the notification's id: rises in commit order, is never used again */
  id: number;
  /** 业务类型，原样返回 / the kind of business, as given */
  biz_type: string;
  /** 业务编号，原样返回 / the business's id, as given */
  biz_id: number;
  /** 标题 / the title */
  title: string;
  /** 内容 / the text */
  content: string | null;
  /** 是否已读 / whether it was read */
  status: "READ" | "UNREAD";
  /** 触发的时间 / when the reminder fired */
  created_at: string;
  /** 标记为已读的时间 / when it was marked as read */
  read_at: string | null;
}

/** 第 4.1 节。Section 4.1. */
export interface BoundUser {
  /** 总是 true / always true */
  success: true;
  /** 用户编号 / the user's id */
  user_id: number;
  /** 带 `after_id` 才有：可见的最新编号，没有时为 0 / with `after_id` only: the latest visible id, 0 without any */
  latest_id?: number;
  /** 带 `after_id` 才有：补发之外是否还有更多 / with `after_id` only: whether there is more than is sent */
  has_more?: boolean;
}

/** 第 3 节，也是每个 HTTP 错误的格式。Section 3, and every HTTP fault. */
export interface Error {
  /** 错误码，供程序判断 / what programs go by */
  code: string;
  /** 用于展示的文本 / a text to show */
  message: string;
}

/** 第 4.3 节。Section 4.3. */
export interface Answered {
  /** 总是 true / always true */
  success: true;
  /** 通知编号 / the notification's id */
  id: number;
}

/** 第 4.3 节。Section 4.3. */
export interface NotificationUpdated {
  /** 通知编号 / the notification's id */
  id: number;
  /** 是否已读 / whether it was read */
  status: "READ" | "UNREAD";
  /** 标记为已读的时间 / when it was marked as read */
  read_at: string | null;
  /** 确认的时间 / when it was confirmed */
  confirmed_at: string | null;
  /** 推迟到何时再次提醒，没有推迟时为 null / when it comes again, null when it does not */
  snoozed_until: string | null;
  /** 该用户此后共有多少条未读 / how many the user has not read from now on */
  unread: number;
  /** 刚有结果时才有（第 12 节） / only where its occurrence has just got an outcome (section 12) */
  outcome?: "DONE" | "MISSED" | "SKIPPED" | "WITHDRAWN";
  /** 同上：结果的时间 / likewise: when that was */
  outcome_at?: string;
  /** 同上：由谁得出，与历史记录的 `by` 相同 / likewise: who did it, as a history's `by` */
  outcome_by?: string;
  /** 同上：备注或原因 / likewise: the note, or the reason */
  note?: string | null;
  /** 提醒任务撤回的时间 / when its reminder was withdrawn */
  withdrawn_at?: string;
}

/** 咨询问题。A consultation question. */
export interface Question {
  /** 咨询问题编号 / the question's id */
  id: number;
  /** 标题 / the title */
  title: string;
  /** 长者的用户编号 / the elder's user id */
  elder_id: number;
  /** 关闭后不再接收消息 / a closed one takes no messages */
  status: "CLOSED" | "OPEN";
  /** 新建的时间 / when it was opened */
  created_at: string;
  /** 可见的最新消息的编号，没有时为 null / the id of its latest visible message, null without one */
  latest_message_id: number | null;
  /** 给过本字段或以下任一字段才有：负责的员工，没有时为 null / once this or one of the next fields was given: the staff member in charge, null without one */
  assignee_id?: number | null;
  /** 同上：优先级 / likewise: how urgent it is */
  priority?: "NORMAL" | "URGENT";
  /** 同上：类别 / likewise: its category */
  category?: string | null;
  /** 同上：不在房间内的参与者是否得到通知 / likewise: whether participants who are away are notified */
  notify_replies?: boolean;
  /** 同上：员工应在多少秒之内答复 / likewise: seconds within which staff is to answer */
  answer_within?: number | null;
  /** 同上：未答复时再提醒谁 / likewise: the users that it rings while it is not answered */
  follow_up?: QuestionRung[] | null;
}

/** 未答复时再提醒谁。A user that is rung while a question is not answered. */
export interface QuestionRung {
  /** 应答复的时间之后多少秒 / seconds after the answer was due */
  after: number;
  /** 提醒谁；null 为负责的员工 / the user; null is the assignee */
  user_id: number | null;
}

/** 第 2.5 节。Section 2.5. */
export interface ReadAck {
  /** 总是 true / always true */
  success: true;
  /** 咨询问题编号 / the question's id */
  question_id: number;
  /** 已读到的消息编号；还没有读过为 0 / the id of the message up to which it is read, 0 before the first */
  up_to_id: number;
  /** 此后该用户在此问题中还有多少条未读 / how many messages of the question the user has not read by now */
  unread: number;
}

/** 第 2.5 节。Section 2.5. */
export interface QuestionRead {
  /** 咨询问题编号 / the question's id */
  question_id: number;
  /** 用户编号 / the user's id */
  user_id: number;
  /** 用户类型 / what the user is */
  user_type: string;
  /** 已读到的消息编号；还没有读过为 0 / the id of the message up to which it is read, 0 before the first */
  up_to_id: number;
}

/** follow_up 的 after 必须从小到大 */
export interface NewQuestion {
  /** 标题：1 到 200 个字符的文本 / the title: text of 1 to 200 characters, not blank */
  title: string;
  /** 长者的用户编号：正整数 / the elder's user id: a positive integer */
  elder_id: number;
  /** 负责的员工的用户编号：正整数 / the user id of the staff member in charge: a positive integer */
  assignee_id?: number | null;
  /** 优先级：NORMAL 或 URGENT / how urgent it is: NORMAL or URGENT */
  priority?: "NORMAL" | "URGENT" | null;
  /** 类别，原样返回：不超过 32 个字符的文本 / its category, given back as it is: text of at most 32 characters */
  category?: string | null;
  /** `true`：不在房间内的参与者以通知得知新的消息（第 13 节）：布尔值 / `true`: participants who are away get a notification of new messages (section 13): a boolean */
  notify_replies?: boolean | null;
  /** 员工应在多少秒之内答复（第 13 节）：60 到 604800 的整数 / seconds within which staff is to answer (section 13): an integer from 60 to 604,800 */
  answer_within?: number | null;
  /** 未答复时再提醒谁；`user_id` 默认为负责的员工（第 13 节）：1 到 20 项的数组 / the users that it rings while it is not answered; `user_id` left out is the assignee (section 13): a list of 1 to 20 rungs */
  follow_up?: Rung[] | null;
}

/** Which user a reminder rings while it is not answered, and when. */
export interface Rung {
  /** 计划时间之后多少秒：60 到 604800 的整数 / seconds after the planned time: an integer from 60 to 604,800 */
  after: number;
  /** 提醒谁；默认为任务的用户：正整数 / the user that it rings; the task's own when left out: a positive integer */
  user_id?: number | null;
}

export interface QuestionQuery {
  /** 只列出该状态的：OPEN 或 CLOSED / of that status only: OPEN or CLOSED */
  status?: "CLOSED" | "OPEN";
  /** 只列出该长者的：正整数 / of that elder only: a positive integer */
  elder_id?: number;
  /** 只列出该参与者的，每项还有 `unread`、`last_message_at` 与 `waiting_since`：正整数 / those of a participant only, each with `unread`, `last_message_at` and `waiting_since`: a positive integer */
  participant_id?: number;
  /** 该参与者的类型：1 到 32 个大写字母、数字或下划线 / what that participant is: 1 to 32 of A-Z, 0-9 and _ */
  participant_type?: string;
  /** 只列出编号小于它的：正整数 / ids below it only: a positive integer */
  before_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
  /** 以什么身份查看；只有 `STAFF` 看得到内部消息：1 到 32 个大写字母、数字或下划线 / the viewer's type; only `STAFF` sees staff-only messages: 1 to 32 of A-Z, 0-9 and _ */
  user_type?: string;
}

export interface QuestionPage {
  /** 最新的在前 / newest first */
  items: ListedQuestion[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 列表中的咨询问题。A question in a list. */
export interface ListedQuestion {
  /** 咨询问题编号 / the question's id */
  id: number;
  /** 标题 / the title */
  title: string;
  /** 长者的用户编号 / the elder's user id */
  elder_id: number;
  /** 关闭后不再接收消息 / a closed one takes no messages */
  status: "CLOSED" | "OPEN";
  /** 新建的时间 / when it was opened */
  created_at: string;
  /** 可见的最新消息的编号，没有时为 null / the id of its latest visible message, null without one */
  latest_message_id: number | null;
  /** 给过本字段或以下任一字段才有：负责的员工，没有时为 null / once this or one of the next fields was given: the staff member in charge, null without one */
  assignee_id?: number | null;
  /** 同上：优先级 / likewise: how urgent it is */
  priority?: "NORMAL" | "URGENT";
  /** 同上：类别 / likewise: its category */
  category?: string | null;
  /** 同上：不在房间内的参与者是否得到通知 / likewise: whether participants who are away are notified */
  notify_replies?: boolean;
  /** 同上：员工应在多少秒之内答复 / likewise: seconds within which staff is to answer */
  answer_within?: number | null;
  /** 同上：未答复时再提醒谁 / likewise: the users that it rings while it is not answered */
  follow_up?: QuestionRung[] | null;
  /** 带 `participant_id` 才有：未读条数 / with `participant_id` only: how many messages are unread */
  unread?: number;
  /** 带 `participant_id` 才有：可见的最后一条消息的时间，没有时为 null / with `participant_id` only: when its latest visible message was sent, null without one */
  last_message_at?: string | null;
  /** 带 `participant_id` 才有：最后一句可见的话不是员工所说时，从何时起；否则为 null / with `participant_id` only: since when the last visible word is not staff's, else null */
  waiting_since?: string | null;
}

export interface VisibilityQuery {
  /** 以什么身份查看；只有 `STAFF` 看得到内部消息：1 到 32 个大写字母、数字或下划线 / the viewer's type; only `STAFF` sees staff-only messages: 1 to 32 of A-Z, 0-9 and _ */
  user_type?: string;
}

/**
 * status 必须为 OPEN 或 CLOSED
 * follow_up 的 after 必须从小到大
 */
export interface QuestionChange {
  /** 新的状态：OPEN 或 CLOSED / the new status: OPEN or CLOSED */
  status?: "CLOSED" | "OPEN" | null;
  /** 负责的员工的用户编号：正整数 / the user id of the staff member in charge: a positive integer */
  assignee_id?: number | null;
  /** 优先级：NORMAL 或 URGENT / how urgent it is: NORMAL or URGENT */
  priority?: "NORMAL" | "URGENT" | null;
  /** 类别，原样返回：不超过 32 个字符的文本 / its category, given back as it is: text of at most 32 characters */
  category?: string | null;
  /** `true`：不在房间内的参与者以通知得知新的消息（第 13 节）：布尔值 / `true`: participants who are away get a notification of new messages (section 13): a boolean */
  notify_replies?: boolean | null;
  /** 员工应在多少秒之内答复（第 13 节）：60 到 604800 的整数 / seconds within which staff is to answer (section 13): an integer from 60 to 604,800 */
  answer_within?: number | null;
  /** 未答复时再提醒谁；`user_id` 默认为负责的员工（第 13 节）：1 到 20 项的数组 / the users that it rings while it is not answered; `user_id` left out is the assignee (section 13): a list of 1 to 20 rungs */
  follow_up?: Rung[] | null;
}

export interface MessageQuery {
  /** 只列出编号大于它的：不小于 0 的整数 / ids above it only: an integer of at least 0 */
  after_id?: number;
  /** 只列出编号小于它的：正整数 / ids below it only: a positive integer */
  before_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
  /** 以什么身份查看；只有 `STAFF` 看得到内部消息：1 到 32 个大写字母、数字或下划线 / the viewer's type; only `STAFF` sees staff-only messages: 1 to 32 of A-Z, 0-9 and _ */
  user_type?: string;
}

export interface MessagePage {
  /** 最旧的在前 / oldest first */
  items: Message[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/**
 * sender_id 必须为正整数
 * content_text 必须为非空文本（没有附件时）
 * is_visible_to_patient 必须为 true（仅 STAFF 可发送内部消息）
 */
export interface NewMessage {
  /** 发送者类型：1 到 32 个大写字母、数字或下划线 / what the sender is: 1 to 32 of A-Z, 0-9 and _ */
  sender_type: string;
  /** 发送者编号；只有 SYSTEM 消息可以省略：正整数 / the sender's id; only a SYSTEM message may leave it out: a positive integer */
  sender_id?: number | null;
  /** 显示名称：不超过 64 个字符的文本 / the name to show: text of at most 64 characters */
  role_display_name?: string | null;
  /** 内容类型：1 到 32 个大写字母、数字或下划线 / what the content is: 1 to 32 of A-Z, 0-9 and _ */
  content_type: string;
  /** 正文：不超过 10000 个字符的文本 / the text: text of at most 10,000 characters */
  content_text?: string | null;
  /** 附件，默认为 `[]`：不超过 20 项的数组 / attachments, `[]` when left out: a list of at most 20 attachments */
  attachments?: Attachment[] | null;
  /** 客户端给消息的编号，用它可以放心重发：1 到 64 个字符的文本 / the client's own id for the message, with which it is safe to send again: text of 1 to 64 characters */
  client_msg_id?: string | null;
  /** 默认为 `true`；`false` 为仅员工可见：布尔值 / `true` when left out; `false` is for staff only: a boolean; 1 and 0 are taken as one */
  is_visible_to_patient?: boolean | 0 | 1 | null;
}

/** 已保存的文件。A file as it is stored. */
export interface StoredFile {
  /** 文件地址，原样放入 `attachments` 的 `url` 或 `thumbnail_url`；显示时接在服务器地址之后 / its address, for `url` or `thumbnail_url` of `attachments` as it is; to show it, put the server's address before it */
  url: string;
  /** 大小，字节 / its size in bytes */
  size: number;
  /** 内容的 SHA-256，十六进制 / the SHA-256 of its content, in hexadecimal */
  sha256: string;
  /** 按内容识别的类型，与客户端声明的无关；认不出时为 application/octet-stream / what its content is recognised as, whatever the client says; application/octet-stream where it is not */
  content_type: string;
}

export interface ParticipantQuery {
  /** 只列出编号大于它的：不小于 0 的整数 / ids above it only: an integer of at least 0 */
  after_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
  /** 以什么身份查看；只有 `STAFF` 看得到内部消息：1 到 32 个大写字母、数字或下划线 / the viewer's type; only `STAFF` sees staff-only messages: 1 to 32 of A-Z, 0-9 and _ */
  user_type?: string;
}

export interface ParticipantPage {
  /** 按用户编号排列 / in the order of their ids */
  items: Participant[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 咨询问题的参与者。A participant of a question. */
export interface Participant {
  /** 用户编号 / the user's id */
  user_id: number;
  /** 用户类型 / what the user is */
  user_type: string;
  /** 已读到的消息编号；还没有读过为 0 / the id of the message up to which it is read, 0 before the first */
  up_to_id: number;
}

export interface NewParticipant {
  /** 用户编号：正整数 / the user's id: a positive integer */
  user_id: number;
  /** 用户类型：1 到 32 个大写字母、数字或下划线 / what the user is: 1 to 32 of A-Z, 0-9 and _ */
  user_type: string;
}

/**
 * follow_up 的 after 必须从小到大
 * missed_after 必须大于 follow_up 最后的 after
 */
export interface NewReminder {
  /** 提醒谁：正整数 / the user to remind: a positive integer */
  user_id: number;
  /** 业务类型，原样返回：1 到 32 个大写字母、数字或下划线 / the kind of business, given back as it is: 1 to 32 of A-Z, 0-9 and _ */
  biz_type: string;
  /** 业务编号，原样返回：正整数 / the business's id, given back as it is: a positive integer */
  biz_id: number;
  /** 渠道，默认为 `IN_APP`；推送方式都相同。`SMS` 与 `PUSH` 还会发给列出它的 Webhook，没有列出时不接受（第 14 节）：IN_APP 或 SYSTEM_MESSAGE / the channel, `IN_APP` when left out; all are pushed alike. `SMS` and `PUSH` go to the hooks that list them, too, and are refused where none does (section 14): IN_APP or SYSTEM_MESSAGE */
  channel?: "IN_APP" | "PUSH" | "SMS" | "SYSTEM_MESSAGE" | null;
  /** 标题：1 到 200 个字符的文本 / the title: text of 1 to 200 characters, not blank */
  title: string;
  /** 通知的内容：不超过 2000 个字符的文本 / the notification's text: text of at most 2,000 characters */
  content?: string | null;
  /** 何时触发（第 8 节）；有重复规则时为其开始：有效时间 / when it is due (section 8); where a rule repeats it, where that starts: a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset */
  remind_at: string;
  /** 如何重复（第 11 节）；默认为只触发一次：RFC 5545 的重复规则（不超过 500 个字符） / how it repeats (section 11); once when left out: a recurrence rule of RFC 5545, of at most 500 characters */
  rrule?: string | null;
  /** 规则给出而不触发的时间：不超过 200 个有效时间的列表 / times that the rule gives and that are left out: a list of at most 200 times, each as `remind_at` or a date */
  exdates?: string[] | null;
  /** 按哪个时区的当地时间重复；默认为诊所的时区：IANA 时区，例如 Asia/Shanghai / by whose clocks it repeats; the clinic's when left out: an IANA time zone such as Asia/Shanghai */
  timezone?: string | null;
  /** 错过的触发如何处理（第 11 节）；默认为 `latest`：latest、all 或 skip / what becomes of occurrences that were missed (section 11); `latest` when left out: latest, all or skip */
  missed?: "all" | "latest" | "skip" | null;
  /** 未答复时再提醒谁（第 12 节），`after` 从小到大：1 到 20 项的数组 / the users that it rings while it is not answered (section 12), `after` rising: a list of 1 to 20 rungs */
  follow_up?: Rung[] | null;
  /** 计划时间之后多少秒算作无人答复；默认为最后一级之后一小时：60 到 1209600 的整数 / seconds after the planned time from which it counts as missed; an hour after the last rung when left out: an integer from 60 to 1,209,600 */
  missed_after?: number | null;
  /** `true`：免打扰时段内照常提醒（第 12 节）；默认为 `false`：布尔值 / `true`: quiet hours do not hold it (section 12); `false` when left out: a boolean */
  critical?: boolean | null;
}

/** 提醒任务。A reminder task. */
export interface ReminderTask {
  /** 任务编号 / the task's id */
  id: number;
  /** 提醒谁 / the user that it reminds */
  user_id: number;
  /** 业务类型，原样返回 / the kind of business, as given */
  biz_type: string;
  /** 业务编号，原样返回 / the business's id, as given */
  biz_id: number;
  /** 渠道 / the channel */
  channel: "IN_APP" | "PUSH" | "SMS" | "SYSTEM_MESSAGE";
  /** 通知的标题 / the notification's title */
  title: string;
  /** 通知的内容 / the notification's text */
  content: string | null;
  /** 何时触发 / when it is due */
  remind_at: string;
  /** 待触发、已触发、已取消 / waiting, fired, cancelled */
  status: "CANCELLED" | "DISPATCHED" | "PENDING";
  /** 新建的时间 / when it was made */
  created_at: string;
  /** 重复规则，只触发一次的为 null；新建或修改时用过新字段的任务才有这一项及以下各项 / the recurrence rule, null for what comes once; this and all below only in a task that was made or changed with one of the new fields */
  rrule?: string | null;
  /** 排除的时间，或一整天的日期 / the times that are left out, or the dates of whole days */
  exdates?: string[];
  /** 按哪个时区的当地时间重复 / by whose clocks it repeats */
  timezone?: string;
  /** 错过的触发如何处理 / what becomes of occurrences that were missed */
  missed?: "all" | "latest" | "skip";
  /** 是否暂停 / whether it is paused */
  paused?: boolean;
  /** 下一次触发，没有时为 null / when it is due next, null when it is not */
  next_at?: string | null;
  /** 新建时带了才有：未答复时再提醒谁 / if it was made with one: the users that it rings while it is not answered */
  follow_up?: AskedRung[];
  /** 同上：计划时间之后多少秒算作无人答复 / likewise: seconds after which it counts as missed */
  missed_after?: number;
  /** 新建时带了才有：免打扰时段内是否照常提醒 / if it was made with it: whether quiet hours do not hold it */
  critical?: boolean;
  /** 带 `parked=true` 查询时才有：何时搁置 / only in a list with `parked=true`: when it was parked */
  parked_at?: string | null;
  /** 带 `parked=true` 查询时才有：搁置的原因 / only in the same list: why */
  parked_for?: string | null;
}

/** 一级追加提醒。A rung of the ladder. */
export interface AskedRung {
  /** 计划时间之后多少秒 / seconds after the planned time */
  after: number;
  /** 提醒谁 / the user that it rings */
  user_id: number;
}

export interface ReminderQuery {
  /** 只列出该用户的：正整数 / of that user only: a positive integer */
  user_id?: number;
  /** 只列出该状态的：PENDING、DISPATCHED 或 CANCELLED / of that status only: PENDING, DISPATCHED or CANCELLED */
  status?: "CANCELLED" | "DISPATCHED" | "PENDING";
  /** `true`：只列出被搁置的任务（第 11.3 节）：true 或 false / `true`: the parked tasks alone (section 11.3): true or false */
  parked?: "false" | "true";
  /** 只列出编号小于它的：正整数 / ids below it only: a positive integer */
  before_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
}

export interface ReminderPage {
  /** 最新的在前 / newest first */
  items: ReminderTask[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/**
 * follow_up 的 after 必须从小到大
 * missed_after 必须大于 follow_up 最后的 after
 */
export interface ReminderChange {
  /** 标题：1 到 200 个字符的文本 / the title: text of 1 to 200 characters, not blank */
  title?: string | null;
  /** 通知的内容：不超过 2000 个字符的文本 / the notification's text: text of at most 2,000 characters */
  content?: string | null;
  /** 何时触发（第 8 节）；有重复规则时为其开始：有效时间 / when it is due (section 8); where a rule repeats it, where that starts: a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset */
  remind_at?: string | null;
  /** 如何重复（第 11 节）；默认为只触发一次：RFC 5545 的重复规则（不超过 500 个字符） / how it repeats (section 11); once when left out: a recurrence rule of RFC 5545, of at most 500 characters */
  rrule?: string | null;
  /** 规则给出而不触发的时间，取代以前的：不超过 200 个有效时间的列表 / times that the rule gives and that are left out, in place of the earlier ones: a list of at most 200 times, each as `remind_at` or a date */
  exdates?: string[] | null;
  /** 按哪个时区的当地时间重复；只改时区时，规则保持钟表上的时间：IANA 时区，例如 Asia/Shanghai / by whose clocks it repeats; where it alone is changed, the rule keeps its times on the wall: an IANA time zone such as Asia/Shanghai */
  timezone?: string | null;
  /** 错过的触发如何处理（第 11 节）：latest、all 或 skip / what becomes of occurrences that were missed (section 11): latest, all or skip */
  missed?: "all" | "latest" | "skip" | null;
  /** `true` 暂停，`false` 恢复（第 11 节）：布尔值 / `true` pauses it, `false` has it go on (section 11): a boolean */
  paused?: boolean | null;
  /** 未答复时再提醒谁（第 12 节），`after` 从小到大：1 到 20 项的数组 / the users that it rings while it is not answered (section 12), `after` rising: a list of 1 to 20 rungs */
  follow_up?: Rung[] | null;
  /** 计划时间之后多少秒算作无人答复；默认为最后一级之后一小时：60 到 1209600 的整数 / seconds after the planned time from which it counts as missed; an hour after the last rung when left out: an integer from 60 to 1,209,600 */
  missed_after?: number | null;
  /** `true`：免打扰时段内照常提醒（第 12 节）；默认为 `false`：布尔值 / `true`: quiet hours do not hold it (section 12); `false` when left out: a boolean */
  critical?: boolean | null;
}

export interface OccurrenceQuery {
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
}

export interface OccurrencePage {
  /** 最早的在前 / earliest first */
  items: Occurrence[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 将要触发的一次。An occurrence that is to come. */
export interface Occurrence {
  /** 计划的时间 / when it is planned */
  planned_at: string;
}

export interface HistoryQuery {
  /** 只列出编号小于它的：正整数 / ids below it only: a positive integer */
  before_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
}

export interface HistoryPage {
  /** 最旧的在前 / oldest first */
  items: HistoryEntry[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 历史记录中的一项。An entry of a history. */
export interface HistoryEntry {
  /** 在该历史记录中的序号 / its place in this history */
  id: number;
  /** 何时 / when */
  at: string;
  /** 发生了什么 / what happened */
  what: "came_again" | "cancelled" | "changed" | "confirmed" | "created" | "due" | "held" | "missed" | "parked" | "pushed" | "read" | "skipped" | "snoozed" | "taken_back" | "too_early" | "withdrawn" | "written";
  /** 由谁：`SYSTEM`（Careline）、`API`（HTTP 调用者）、`USER:编号`（绑定的用户）、`LINK:编号`（确认链接的用户）或令牌的 `类型:编号` / who did it: `SYSTEM` (Careline), `API` (who called over HTTP), `USER:id` (the user bound), `LINK:id` (the user whose confirm link it was) or a token's `type:id` */
  by: string;
  /** 哪个任务 / of which task */
  task_id: number | null;
  /** 哪条通知，没有时为 null / of which notification, null without one */
  notification_id: number | null;
  /** 细节：计划的时间 `planned_at`、未触发的原因 `outcome`（`MISSED` 或 `PAUSED`）、推送到几个连接 `connections`、搁置、撤回或此时才提醒的原因 `reason`、推迟或等到何时 `until`、再次提醒的通知 `notification_id`、再次提醒的是哪一条 `snooze_of`，或修改的字段 / what belongs to it: the time planned `planned_at`, why it was left out `outcome` (`MISSED` or `PAUSED`), to how many connections it was handed `connections`, why it was parked or withdrawn or came just then `reason`, `until` when it was snoozed or waits, which notification came again `notification_id`, which one it was before `snooze_of`, or the fields changed */
  detail: Record<string, unknown>;
}

export interface Withdrawal {
  /** 撤回的原因：不超过 500 个字符的文本 / why it is withdrawn: text of at most 500 characters */
  reason?: string | null;
}

export interface UnansweredQuery {
  /** 只列出编号大于它的：不小于 0 的整数 / ids above it only: an integer of at least 0 */
  after_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
}

export interface UnansweredPage {
  /** 最旧的在前 / oldest first */
  items: UnansweredOccurrence[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 已触发而尚无结果的一次。An occurrence that has fired and has no outcome. */
export interface UnansweredOccurrence {
  /** 该次的第一条通知的编号 / the id of its first notification */
  id: number;
  /** 任务编号 / the task's id */
  task_id: number;
  /** 提醒谁 / the user that it reminds */
  user_id: number;
  /** 业务类型，原样返回 / the kind of business, as given */
  biz_type: string;
  /** 业务编号，原样返回 / the business's id, as given */
  biz_id: number;
  /** 标题 / the title */
  title: string;
  /** 计划的时间 / when it is planned */
  planned_at: string;
}

export interface DayQuery {
  /** 哪一天，按诊所的时区；默认为今天：日期，例如 2030-01-01 / which day, in the clinic's zone; today when left out: a date such as 2030-01-01 */
  date?: string;
}

export interface DayPage {
  /** 最早的在前 / earliest first */
  items: DayOccurrence[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
}

/** 一天中的一次。One occurrence of a day. */
export interface DayOccurrence {
  /** 任务编号 / the task's id */
  task_id: number;
  /** 标题 / the title */
  title: string;
  /** 计划的时间 / when it is planned */
  planned_at: string;
  /** 该次的第一条通知；尚未触发为 null / its first notification; null where it has not fired */
  notification_id: number | null;
  /** `PENDING`：尚无结果；`MISSED`：无人答复，或因停机错过；`WITHDRAWN`：已撤回或取消 / `PENDING`: none yet; `MISSED`: not answered, or missed by a stop; `WITHDRAWN`: withdrawn or cancelled */
  outcome: "DONE" | "MISSED" | "PENDING" | "SKIPPED" | "WITHDRAWN";
  /** 结果的时间 / when that was */
  outcome_at: string | null;
  /** 由谁得出，与历史记录的 `by` 相同 / who did it, as a history's `by` */
  outcome_by: string | null;
  /** 备注 / the note */
  note: string | null;
}

/** to 不能与 from 相同 */
export interface NewQuietHours {
  /** 从几点起：时间，例如 22:00 / when they begin: a time of day such as 22:00 */
  from: string;
  /** 到几点止；早于 `from` 则为次日：时间，例如 22:00 / when they end; if before `from`, on the next day: a time of day such as 22:00 */
  to: string;
  /** 按哪个时区的当地时间；默认为诊所的时区：IANA 时区，例如 Asia/Shanghai / by whose clocks; the clinic's when left out: an IANA time zone such as Asia/Shanghai */
  timezone?: string | null;
}

/** 免打扰时段。The hours in which a user is left alone. */
export interface QuietHours {
  /** 哪个用户 / of which user */
  user_id: number;
  /** 从几点起；没有设置则三项均为 null / when they begin; all null without any */
  from: string | null;
  /** 到几点止 / when they end */
  to: string | null;
  /** 按哪个时区的当地时间 / by whose clocks */
  timezone: string | null;
}

export interface NotificationQuery {
  /** 只列出该状态的：UNREAD 或 READ / of that status only: UNREAD or READ */
  status?: "READ" | "UNREAD";
  /** 只列出编号大于它的：不小于 0 的整数 / ids above it only: an integer of at least 0 */
  after_id?: number;
  /** 只列出编号小于它的：正整数 / ids below it only: a positive integer */
  before_id?: number;
  /** 最多几项：1 到 200 的整数 / how many at most: an integer from 1 to 200 */
  limit?: number;
  /** `true` 时每一项还有 `confirmed_at` 与 `snoozed_until`：true 或 false / with `true` each also carries `confirmed_at` and `snoozed_until`: true or false */
  answers?: "false" | "true";
  /** `true` 时已有结果的还有 `outcome`、`outcome_at`、`outcome_by` 与 `note`：true 或 false / with `true` those whose occurrence has an outcome also carry `outcome`, `outcome_at`, `outcome_by` and `note`: true or false */
  outcomes?: "false" | "true";
}

export interface NotificationPage {
  /** 最新的在前；带 after_id 时最旧的在前 / newest first; oldest first with after_id */
  items: ListedNotification[];
  /** 该方向上是否还有更多 / whether there are more in that direction */
  has_more: boolean;
  /** 该用户共有多少条未读，与筛选无关 / how many the user has not read, whatever the filter */
  unread: number;
}

/** 列表中的通知。A notification in a list. */
export interface ListedNotification {
  /** 通知编号，按提交顺序递增，永不重用 / the notification's id: rises in commit order, is never used again */
  id: number;
  /** 业务类型，原样返回 / the kind of business, as given */
  biz_type: string;
  /** 业务编号，原样返回 / the business's id, as given */
  biz_id: number;
  /** 标题 / the title */
  title: string;
  /** 内容 / the text */
  content: string | null;
  /** 是否已读 / whether it was read */
  status: "READ" | "UNREAD";
  /** 触发的时间 / when the reminder fired */
  created_at: string;
  /** 标记为已读的时间 / when it was marked as read */
  read_at: string | null;
  /** 带 `answers=true` 才有：确认的时间 / with `answers=true` only: when it was confirmed */
  confirmed_at?: string | null;
  /** 带 `answers=true` 才有：推迟到何时 / with `answers=true` only: when it comes again */
  snoozed_until?: string | null;
  /** 带 `outcomes=true` 且已有结果时才有（第 12 节） / with `outcomes=true` only, and where its occurrence has an outcome (section 12) */
  outcome?: "DONE" | "MISSED" | "SKIPPED" | "WITHDRAWN";
  /** 同上：结果的时间 / likewise: when that was */
  outcome_at?: string;
  /** 同上：由谁得出，与历史记录的 `by` 相同 / likewise: who did it, as a history's `by` */
  outcome_by?: string;
  /** 同上：备注或原因 / likewise: the note, or the reason */
  note?: string | null;
}

export interface Snooze {
  /** 推迟到何时再次提醒：一年之内的将来时间 / when it is to come again: a time within the coming year, written as any other (section 8) */
  until: string;
}

/** 可以确认和推迟的通知，第 4.3 节。A notification that can be confirmed and snoozed, section 4.3. */
export interface AnsweredNotification {
  /** 通知编号，按提交顺序递增，永不重用 / the notification's id: rises in commit order, is never used again */
  id: number;
  /** 业务类型，原样返回 / the kind of business, as given */
  biz_type: string;
  /** 业务编号，原样返回 / the business's id, as given */
  biz_id: number;
  /** 标题 / the title */
  title: string;
  /** 内容 / the text */
  content: string | null;
  /** 是否已读 / whether it was read */
  status: "READ" | "UNREAD";
  /** 触发的时间 / when the reminder fired */
  created_at: string;
  /** 标记为已读的时间 / when it was marked as read */
  read_at: string | null;
  /** 确认的时间 / when it was confirmed */
  confirmed_at: string | null;
  /** 推迟到何时再次提醒，没有推迟时为 null / when it comes again, null when it does not */
  snoozed_until: string | null;
}

export interface Confirmation {
  /** 结果（第 12 节）；默认为 `DONE`：DONE 或 SKIPPED / what became of it (section 12); `DONE` when left out: DONE or SKIPPED */
  outcome?: "DONE" | "SKIPPED" | null;
  /** 备注：不超过 500 个字符的文本 / a note: text of at most 500 characters */
  note?: string | null;
  /** 实际的时间，不晚于现在；默认为现在：有效时间 / when it really was, not later than now; now when left out: a time: YYYY-MM-DD HH:MM:SS in the clinic's zone, or ISO 8601 with an offset */
  at?: string | null;
}

/** 运行状态。How the server is. */
export interface Health {
  /** failing 时状态码为 503 / with failing the HTTP status is 503 */
  status: "failing" | "ok";
  /** Careline 的版本 / Careline's version */
  version: string;
  /** ok，或数据库不可写的原因 / ok, or why the database cannot be written */
  database: string;
  /** ok，或提醒循环停止的原因 / ok, or why the reminder loop does not run */
  reminders: string;
  /** 已到期而尚未触发的任务，无法得知时为 null / tasks that are due and have not fired yet, null if unknown */
  reminders_due: number | null;
  /** 被搁置的提醒任务，不影响 status；无法得知时为 null / reminder tasks that are parked, which leaves status as it is; null if unknown */
  parked: Parked | null;
  /** 本机时钟（第 8 节） / the machine's clock (section 8) */
  clock: Clock;
  /** 最近一分钟内事件循环最长的延迟，毫秒 / how late the event loop was at worst in the last minute */
  loop_lag_ms: number;
  /** 各处等待的数量 / how much waits where */
  queues: Queues;
  /** 数据库所在磁盘的剩余空间，无法得知时为 null / room left on the database's disk, null if unknown */
  disk_free_bytes: number | null;
  /** 磁盘上最新的每日备份的时间，没有时为 null / when the newest daily backup was made, null without any */
  last_backup: string | null;
  /** 另一块磁盘上的备份，不影响 status；没有 `--backup-folder` 或无法得知时为 null / the copies on another disk, which leaves status as it is; null without `--backup-folder`, or if unknown */
  off_disk: OffDisk | null;
  /** Litestream 副本的状态，不影响 status；没有副本时为 null / how the replica by Litestream fares, which leaves status as it is; null where there is none */
  replica: Replica | null;
  /** 各 hook 的状态，不影响 status；没有 hook 时为空，无法得知时为 null / how each hook fares, which leaves status as it is; empty without hooks, null if unknown */
  hooks: Hook[] | null;
  /** 服务器自己的定期工作；失败不影响 status / its own jobs; one that fails leaves status as it is */
  jobs: Jobs;
}

/** 被搁置的提醒任务。Reminder tasks that are parked. */
export interface Parked {
  /** 数量 / how many */
  count: number;
  /** 最前面的编号，最多 10 个 / the ids of the first, 10 at most */
  ids: number[];
}

/** 本机时钟是否可信。Whether the machine's clock is known to be right. */
export interface Clock {
  /** sound：可信；unproven：启动后尚未证实；in doubt：跳变之后。后两者期间不按期限删除任何内容 / sound: known to be right; unproven: not yet, after a start; in doubt: after a jump. In the latter two nothing is deleted for its age */
  state: "in doubt" | "sound" | "unproven";
  /** 启动以来的跳变次数 / jumps since the start */
  jumps: number;
  /** 最近一次跳变后的时间，没有时为 null / the time after the last, or null */
  last_jump: string | null;
  /** 最近一次跳变的秒数，负数为拨慢 / by how many seconds, below 0 when it was set back */
  last_jump_seconds: number | null;
}

/** 各处等待的数量。How much waits where. */
export interface Queues {
  /** 等待写入的请求 / writes that wait for their transaction */
  writes: number;
  /** 尚未回应的事件 / events that are not answered yet */
  events: number;
  /** 已发出而客户端尚未取走的字节 / bytes that clients have not taken yet */
  unread_bytes: number;
}

/** 另一块磁盘上的备份（`--backup-folder`）。The copies on another disk (`--backup-folder`). */
export interface OffDisk {
  /** 最新一份的制作时间，没有时为 null / when the newest was made, null without any */
  last_copy: string | null;
  /** 距今的秒数，没有时为 null / how long ago that is, null without any */
  age_seconds: number | null;
  /** 最近一次试恢复的时间，没有时为 null / when one was last restored for trial, or null */
  last_drill: string | null;
  /** ok：可以恢复；failing：不能，或有损坏；没有试过时为 null / ok; failing: it could not be, or is damaged; or null */
  drill: "failing" | "ok" | null;
  /** 试恢复的结果，没有时为 null / what the drill found, or null */
  drill_result: string | null;
}

/** Litestream 的副本。The replica that Litestream keeps of the database. */
export interface Replica {
  /** ok：正常；stopped：Litestream 不再读取新的改动；stuck：它读取了，却送不到副本所在的磁盘 / ok; stopped: Litestream takes up no changes any more; stuck: it takes them up and cannot send them off, as with a disk that is full or gone */
  state: "ok" | "stopped" | "stuck";
  /** 落后的秒数 / for how long a change has waited that is not in it */
  behind_seconds: number;
  /** 何时开始不正常，正常时为 null / since when it is not ok, or null */
  since: string | null;
}

/** 一个 hook 的状态。How a hook of `--hooks` fares. */
export interface Hook {
  /** 名称 / its name in the file */
  name: string;
  /** ok：正常；failing：接收方未接受，正在重试；off：接收方以 410 拒绝，重启或 SIGHUP 后再试 / ok; failing: its receiver does not take events, which are tried again; off: its receiver answered 410, and is asked again after SIGHUP or a restart */
  state: "failing" | "off" | "ok";
  /** 等待送出的事件，最多数到 100000 / events that wait, counted up to 100000 */
  waiting: number;
  /** 其中最早的发生时间，没有时为 null / when the first of them happened, or null */
  oldest: string | null;
  /** 何时开始失败，正常时为 null / since when it fails, or null */
  failing_since: string | null;
  /** 最近一次失败的原因，正常时为 null / why it failed the last time, or null */
  last_error: string | null;
  /** 三天内未能送出、已放弃的事件（`careline hooks list`） / events that were given up after three days (`careline hooks list`) */
  dead_letters: number;
  /** 因数量过多而删除的这类事件 / of these, how many were deleted as there were too many */
  lost: number;
}

/** 服务器自己的定期工作。What the server does for itself. */
export interface Jobs {
  /** 每日备份 / the daily backup */
  backup: Job;
  /** 每天重读另一块磁盘上的备份，每月试着恢复一次 / once a day reads the copies on another disk, once a month restores the newest for trial */
  drill: Job;
  /** 删除多余的 `before-restore-*` 与 `before-*` 副本 / deletes `before-restore-*` and `before-*` beyond a few */
  old_copies: Job;
  /** 缩小变大的 WAL / makes a WAL that has grown small again */
  checkpoint: Job;
  /** 更新查询统计 / `PRAGMA optimize` */
  optimize: Job;
  /** 删除过期的 Idempotency-Key / deletes old Idempotency-Keys */
  idempotency_keys: Job;
  /** 删除过期的已读通知 / deletes old read notifications */
  read_notifications: Job;
  /** 删除过期的已关闭问题 / deletes old closed questions */
  closed_questions: Job;
  /** 删除没有消息引用的文件 / deletes files that no message names */
  files: Job;
  /** 删除过期的审计记录 / deletes old rows of the audit */
  audit: Job;
  /** 删除已到期的吊销记录 / deletes revocations of tokens that have run out */
  revoked_tokens: Job;
  /** 删除过期的会话记录 / deletes sessions of clients that did not come back in time */
  sessions: Job;
  /** 删除过期的、未能送出的事件 / deletes old events that hooks were not told */
  dead_letters: Job;
}

/** 服务器自己的一项定期工作。One of the server's own jobs. */
export interface Job {
  /** 最近一次结束的时间；启动后还没有，或者不需要时为 null / when it last ended; null until then after a start, and where it is switched off */
  last_run: string | null;
  /** ok，或失败的原因 / ok, or why it failed */
  result: string | null;
}

/** 沙盒的当前状态。How a sandbox is now. */
export interface SandboxState {
  /** 沙盒的当前时间 / the sandbox's time */
  now: string;
  /** 已进入的 Socket.IO 连接数 / Socket.IO connections that have entered */
  connections: number;
  /** 当前的故障设置 / how it fails now */
  faults: SandboxFaults;
}

/** 沙盒当前的故障设置，启动与重启后均为 0。How a sandbox fails now; all is 0 after a start and a restart. */
export interface SandboxFaults {
  /** 还将丢弃几个回应 / replies that are still to be lost */
  lose_acks: number;
  /** 延迟的毫秒数 / milliseconds by which answers are delayed */
  delay_ms: number;
  /** 还将拒绝写入多少秒 / seconds for which writes are still refused */
  refuse_writes_seconds: number;
}

/** advance 与 to 必须给出其中一个 */
export interface ClockMove {
  /** 拨快多少秒；0 仅查询当前时间：0 到 31622400 的整数 / by how many seconds; 0 only asks what time it is: an integer from 0 to 31,622,400 */
  advance?: number | null;
  /** 拨快到什么时间：一年之内的将来时间 / the time to move to: a time within the coming year, written as any other (section 8) */
  to?: string | null;
}

/** 沙盒的时钟。The clock of a sandbox. */
export interface MovedClock {
  /** 沙盒的当前时间 / the sandbox's time */
  now: string;
  /** 要求拨到的时间 / the time that was asked for */
  to: string;
  /** 是否已到达 `to`；false 时再次以该 `to` 调用即可继续 / whether that is reached; if false, the same call with this `to` goes on */
  reached: boolean;
  /** 途中产生的通知数 / notifications that were written on the way */
  notifications: number;
}

export interface ConnectionCut {
  /** 要断开的连接；默认为所有连接：1 到 64 个字符的文本 / the connection to cut; every one when left out: text of 1 to 64 characters */
  sid?: string | null;
  /** 是否先发送关闭帧，如同服务器正常关闭；默认为 false，如同网络中断：布尔值 / whether a close frame is sent first, as a server does that stops; false when left out, as when a cable is pulled: a boolean */
  close_frame?: boolean | null;
}

/** 断开的连接。Connections that were cut. */
export interface CutConnections {
  /** 断开的连接数 / how many connections were cut */
  cut: number;
}

export interface AcksToLose {
  /** 丢弃接下来的几个 `send_message` 回应；0 停止丢弃：0 到 1000 的整数 / how many replies to `send_message`; 0: none: an integer from 0 to 1,000 */
  count: number;
}

export interface AnswerDelay {
  /** 延迟多少毫秒；0 取消延迟：0 到 30000 的整数 / by how many milliseconds; 0: not at all: an integer from 0 to 30,000 */
  ms: number;
}

export interface WriteRefusal {
  /** 持续多少秒（真实时间）；0 立即恢复：0 到 3600 的整数 / for how many seconds of real time; 0: no longer: an integer from 0 to 3,600 */
  seconds: number;
}
