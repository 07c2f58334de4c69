/** What widgets/sampling.py shows, without Python: the rules of snippets/sampling.py. Draws are left to it. */

import { bars, timeline } from "./draw.js";

const WORDS = { zh: [..."光夜色月在照明窗下，"], en: "mat sofa bed floor roof lap table moon sea ,".split(" ") };
const LOGITS = [6.0, 4.6, 4.1, 3.2, 2.9, 2.2, 1.8, 1.1, 0.6, 0.2]; // from large to small, so a rule keeps the first ones

/** @param {number[]} logits */
function softmax(logits) {
  const parts = logits.map((logit) => Math.exp(logit - logits[0]));
  const sum = parts.reduce((a, b) => a + b, 0);
  return parts.map((part) => part / sum);
}

/** @param {Record<string, any>} values @param {boolean} zh @returns {import("./quick.js").Shown | null} */
export function shown({ temperature, top_k, top_p, min_p, draw }, zh) {
  if (draw) return null;
  const words = WORDS[zh ? "zh" : "en"];
  const logits = LOGITS.map((logit) => logit / temperature);
  const before = softmax(logits);
  const byK = Math.min(top_k, logits.length);
  let sum = 0;
  const byP = top_p === 1 ? byK : softmax(logits.slice(0, byK)).filter((p) => (sum += p) - p < top_p).length;
  const byMin = min_p ? logits.slice(0, byP).filter((logit) => logit >= logits[0] + Math.log(min_p)).length : byP;
  const probs = softmax(logits.slice(0, byMin));
  const kept = words.map((_, at) => at < byMin);
  const next = bars(
    { "": before.map((p, at) => probs[at] ?? p) },
    { labels: words, kept, shown: words.map((_, at) => (kept[at] ? `${(100 * probs[at]).toFixed(1)}%` : "—")), title: zh ? "床前明月___" : "The cat sat on the ___", key: "next" },
  );
  const left = Object.entries({
    [`÷ ${temperature.toFixed(1)}`]: logits.length,
    [`top-k ${top_k}`]: byK,
    [`top-p ${top_p.toFixed(2)}`]: byP,
    [`min-p ${min_p.toFixed(2)}`]: byMin,
  });
  const rules = timeline(
    left.map(([rule, count]) => [rule, words.map((word, at) => [word, at < count])]),
    { title: zh ? "四条规则依次留下谁" : "Whom the four rules leave, one after the other", key: "rules" },
  );
  const covered = (100 * before.slice(0, byMin).reduce((a, b) => a + b, 0)).toFixed(1);
  const text = zh
    ? `10 个词依次剩下 ${byK}、${byP}、${byMin} 个，它们原来一共占 ${covered}%`
    : `of 10 tokens ${byK}, ${byP}, ${byMin} are left in turn; together they held ${covered}%`;
  return { text, pictures: [next, rules] };
}
