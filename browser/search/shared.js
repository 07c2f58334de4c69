/** What a page and publish/search/, which writes the index, must agree on: JSON, so that both can read it. */

export const SHARED = {
  "filters": ["kind", "status", "topic", "talk", "person", "code", "lang"],
  "han": "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ud840\udc00-\ud8bf\udffd"
};
