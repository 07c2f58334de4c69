/** What the first Run downloads, and which kept start state fits: publish/runtime/pack.py writes this file anew. */
export const sizes = { installed: true, version: "", bytes: 0, gzip: 0 };
