/** What widgets say, in Chinese and English. */

import { megabytes } from "../cell/labels.js";

const zh = {
  zh: true,
  verified: "测试核对过的数字",
  live: (/** @type {number} */ ms) => `在这一页里算的，${ms} ms`,
  quick: "页面按同样的公式算的，测试与 Python 逐项比过",
  python: "改用 Python 算",
  linked: "链接带来的位置",
  compute: "算一下",
  size: (/** @type {number} */ gzip) => `（首次要下载 ${megabytes(gzip)} MB）`,
  download: (/** @type {number} */ loaded, /** @type {number} */ total) =>
    `下载 Python ${megabytes(loaded)} / ${megabytes(total)} MB，只此一次`,
  start: "启动 Python",
  queued: "等前面的代码运行完",
  running: "计算中",
  failed: "没能算出来：",
  retry: "重试",
  reset: "复原",
  share: "复制链接",
  shared: "链接已复制，里面有现在的位置",
  shareFailed: "浏览器不允许复制，地址栏里就是这个链接",
  play: "播放",
  pause: "暂停",
  idle: "以后打开有实验的页面，就在空闲时先备好 Python（不计流量的网络）",
};

/** @type {typeof zh} */
const en = {
  zh: false,
  verified: "Numbers verified by tests",
  live: (ms) => `Computed in this page, ${ms} ms`,
  quick: "Computed by this page with the same formulas, which tests compare with Python",
  python: "Compute with Python",
  linked: "Values from the link",
  compute: "Compute",
  size: (gzip) => ` (downloads ${megabytes(gzip)} MB once)`,
  download: (loaded, total) => `Downloading Python, ${megabytes(loaded)} / ${megabytes(total)} MB, only once`,
  start: "Starting Python",
  queued: "Waiting for other code",
  running: "Computing",
  failed: "It could not be computed: ",
  retry: "Retry",
  reset: "Reset",
  share: "Copy link",
  shared: "Link copied; it carries these values",
  shareFailed: "The browser does not allow copying; the address bar has the link",
  play: "Play",
  pause: "Pause",
  idle: "From now on, have Python ready when a page with a widget opens (on unmetered networks)",
};

/** Asked anew for each page, since one tab may show pages in both languages. */
export const labels = () => (document.documentElement.lang.toLowerCase().startsWith("zh") ? zh : en);
