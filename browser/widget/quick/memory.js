/** What widgets/memory.py shows, without Python: formulas of snippets/model_size.py and snippets/zero_memory.py. */

import { bars } from "./draw.js";

/** @type {Record<string, number[]>} Layers, width, heads, hidden. */
const SIZES = { "1B": [16, 2048, 32, 8192], "7B": [32, 4096, 32, 11008], "13B": [40, 5120, 40, 13824], "70B": [80, 8192, 64, 28672] };
const VOCABULARY = 32000;
const BYTES = { "16 bit": 2, "8 bit": 1, "4 bit": 0.5 };
const LIMITS = { "24 GB": 24, "80 GB": 80 };

/** @param {Record<string, any>} values @param {boolean} zh @returns {import("./quick.js").Shown} */
export function shown({ model, context, precision, kv_heads, stage, gpus, batch }, zh) {
  const say = (/** @type {string} */ chinese, /** @type {string} */ english) => (zh ? chinese : english);
  const [layers, width, heads, hidden] = SIZES[model];
  const length = Number.parseInt(context, 10) * 1024;
  const shared = (width / heads) * (kv_heads === "all" ? heads : Number(kv_heads));
  const matrices = layers * (2 * width * width + 2 * width * shared + 3 * width * hidden) + VOCABULARY * width;
  const parameters = matrices + (2 * layers + 1) * width + VOCABULARY * width;

  const shard = Math.ceil(parameters / gpus);
  const part = (/** @type {number} */ from) => (Number(stage) >= from ? shard : parameters);
  const held = (2 * part(3) + 2 * part(2) + 12 * part(1)) / 1e9;
  const kept = (layers * 34 * length * width) / 1e9;
  const whole = (/** @type {number} */ value) => value.toFixed(0);
  const training = bars(
    { [say("权重＋梯度＋Adam", "weights, gradients, Adam")]: [held], [say("激活值", "activations")]: [kept] },
    { labels: [say("每卡", "a card")], limits: LIMITS, shown: [`${whole(held + kept)} GB`], top: Math.max(100, held + kept), title: say("训练，一张卡上", "Training, on one card"), key: "training" },
  );

  const weights = (parameters * BYTES[/** @type {keyof typeof BYTES} */ (precision)]) / 1e9;
  const cache = (2 * layers * batch * length * shared * 2) / 1e9;
  const inference = bars(
    { [say("权重", "weights")]: [weights], [say("KV 缓存", "KV cache")]: [cache] },
    { labels: [say("全部", "in all")], limits: LIMITS, shown: [`${whole(weights + cache)} GB`], top: Math.max(100, weights + cache), title: say(`推理，${batch} 条 × ${context}`, `Inference, ${batch} × ${context}`), key: "inference" },
  );

  const days = whole((6 * parameters * 20 * parameters) / (gpus * 989e12 * 0.4) / 86_400);
  const speed = whole((batch * gpus * 3350) / (weights + cache));
  const [billions, tokens, card, all] = [(parameters / 1e9).toFixed(1), whole((20 * parameters) / 1e9), whole(held + kept), whole(weights + cache)];
  const fits = held + kept <= 80 ? say("装得下", "fits") : say("装不下", "does not fit");
  const text = say(
    `${billions}B 参数。训练每卡 ${card} GB（80 GB 的卡${fits}），${gpus} 张 H100 训 ${tokens}B token 约 ${days} 天\n推理 ${all} GB，读得再快也不超过每秒 ${speed} 个 token`,
    `${billions}B parameters. Training takes ${card} GB a card (${fits} on 80 GB); ${gpus} H100 need about ${days} days for ${tokens}B tokens\nInference takes ${all} GB, and gives at most ${speed} tokens a second`,
  );
  return { text, pictures: [training, inference] };
}
