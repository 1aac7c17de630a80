// The words of the protocol's page that neither the protocol nor the console has.

import { translated } from "../kit/language.js";

const WORDS = {
  title: { zh: "Careline 协议", en: "The Careline protocol" },
  subtitle: { zh: "协议", en: "protocol" },
  skip: { zh: "跳到正文", en: "Skip to the content" },
  console: { zh: "控制台", en: "Console" },
  contents: { zh: "目录", en: "Contents" },
  tryIt: { zh: "试一试", en: "Try it" },
  tryThis: { zh: "在控制台中试用 {name}", en: "Try {name} in the console" },
  copy: { zh: "复制", en: "Copy" },
  fields: { zh: "字段", en: "Fields" },
  noFields: { zh: "没有字段", en: "No fields" },
  path: { zh: "路径", en: "Path" },
  query: { zh: "查询参数", en: "Query" },
  body: { zh: "请求体", en: "Body" },
  required: { zh: "必填", en: "required" },
  otherwise: { zh: "否则：", en: "Otherwise: " },
  known: { zh: "已知的值：", en: "Known: " },
  byDefault: { zh: "缺省：", en: "Default: " },
  eachItem: { zh: "每一项", en: "Each item" },
  within: { zh: "其中", en: "In it" },
  example: { zh: "示例", en: "Example" },
  or: { zh: "或", en: "Or" },
  answer: { zh: "回应", en: "Answer" },
  answeredBy: { zh: "回应：", en: "Answered by " },
  onFault: { zh: "，出错时：", en: ", on a fault by " },
  answers: { zh: "回应的事件：", en: "It answers " },
  mistakes: { zh: "故意出错", en: "Mistakes to try" },
  faults: { zh: "错误：", en: "Faults: " },
  rules: { zh: "规则", en: "Rules" },
  seeRules: { zh: "规则见 ", en: "Rules: " },
  asJavaScript: { zh: "JavaScript 代码", en: "As JavaScript" },
  asCurl: { zh: "curl 命令", en: "As curl" },
  codes: { zh: "错误码", en: "Codes" },
  fixedTexts: { zh: "固定的错误文本", en: "Texts that name no field" },
  otherPages: { zh: "其他地址", en: "Other addresses" },
  code: { zh: "错误码", en: "Code" },
  meaning: { zh: "说明", en: "Meaning" },
  text: { zh: "文本", en: "Text" },
  when: { zh: "何时", en: "When" },
  limits: { zh: "限制", en: "Limits" },
  what: { zh: "项目", en: "What" },
  most: { zh: "上限", en: "Most" },
  beyond: { zh: "超出时", en: "Beyond" },
  whoGetsIt: { zh: "谁能收到", en: "Who gets it" },
  noToken: { zh: "没有令牌", en: "no token" },
  address: { zh: "地址", en: "Address" },
  yes: { zh: "收到", en: "yes" },
  no: { zh: "收不到", en: "no" },
};

/** The word of that key, with {name} replaced from `values`. */
export function word(key, values = {}) {
  return translated(WORDS[key]).replace(/\{(\w+)\}/g, (_, name) => values[name]);
}
