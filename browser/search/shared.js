/**
 * What a page, publish/search/, which writes the index, and ingest/addresses.py, which names kinds of pages, must agree
 * on: JSON, so that all can read it. Of a kind: the name that the index knows, and the English one.
 */

export const SHARED = {
  "kinds": {
    "concept": ["概念", "Concepts"],
    "question": ["问答", "Q&A"],
    "talk": ["讨论", "Talks"],
    "paper": ["论文", "Papers"]
  },
  "filters": ["kind", "status", "topic", "talk", "person", "code", "lang"],
  "han": "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\ud840\udc00-\ud8bf\udffd"
};
