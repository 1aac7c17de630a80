// The words of the protocol's page that neither the protocol nor the console has.

import { filled } from "../kit/language.js";

/** @typedef {keyof typeof WORDS} WordKey */

// [Chinese, English], as in kit/texts.js.
const WORDS = {
  title: ["Careline 协议", "The Careline protocol"],
  subtitle: ["协议", "protocol"],
  skip: ["跳到正文", "Skip to the content"],
  console: ["控制台", "Console"],
  contents: ["目录", "Contents"],
  tryIt: ["试一试", "Try it"],
  tryThis: ["在控制台中试用 {name}", "Try {name} in the console"],
  copy: ["复制", "Copy"],
  fields: ["字段", "Fields"],
  path: ["路径", "Path"],
  query: ["查询参数", "Query"],
  body: ["请求体", "Body"],
  required: ["必填", "required"],
  otherwise: ["错误文本：", "Error text: "],
  known: ["已知取值：", "Known values: "],
  byDefault: ["默认值：", "Default: "],
  eachItem: ["每一项", "Each item"],
  within: ["包含", "Contains"],
  example: ["示例", "Example"],
  or: ["或", "Or"],
  answer: ["响应", "Response"],
  answeredBy: ["响应：", "Reply: "],
  onFault: ["，出错时：", ", on an error: "],
  answers: ["响应事件：", "Replies to: "],
  mistakes: ["错误示例", "Errors to try"],
  faults: ["错误：", "Errors: "],
  rules: ["规则", "Rules"],
  seeRules: ["规则见 ", "Rules: "],
  asCode: ["{language} 代码", "As {language}"],
  codes: ["错误码", "Error codes"],
  fixedTexts: ["固定的错误文本", "Fixed error texts"],
  otherPages: ["其他地址", "Other addresses"],
  code: ["错误码", "Error code"],
  meaning: ["说明", "Meaning"],
  text: ["文本", "Text"],
  when: ["何时", "When"],
  limits: ["限制", "Limits"],
  what: ["项目", "What"],
  most: ["上限", "Maximum"],
  beyond: ["超出时", "When exceeded"],
  whoGetsIt: ["谁能收到", "Who gets it"],
  noToken: ["没有令牌", "no token"],
  address: ["地址", "Address"],
  yes: ["收到", "yes"],
  no: ["收不到", "no"],
};

/**
 * The word of that key, with {name} replaced from `values`.
 * @param {WordKey} key
 * @param {Record<string, unknown>} values
 */
export function word(key, values = {}) {
  return filled(WORDS[key], values);
}
