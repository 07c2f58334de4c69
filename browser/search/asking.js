/**
 * Words that shape a question and say little of its subject. JSON, so that publish/search/ can read it: what is asked and
 * the titles of pages are freed of the same words.
 */

export const ASKING = {
  "phrases": [
    "大语言模型 语言模型 大模型 模型",
    "什么情况下 什么时候 什么意思 怎么理解 怎么回事 如何理解 如何看待 可不可以 一下子 讲一讲 说一说 谈一谈 为什么 凭什么 什么是 是什么 什么叫 叫什么 什么样 啥意思 啥时候 怎么样 怎么办 怎么看 哪几个 哪一个",
    "哪一种 是不是 能不能 会不会 要不要 有没有 有什么 有哪些 优缺点 不同点 异同点 请问 请教 谁能 有人 同学 大佬 能否 可否 帮忙 一下 简单 介绍 简述 讲解 讲讲 说说 说明 阐述 描述 举例 谈谈 聊聊 解释",
    "概述 总结 分析 列举 为何 为啥 什么 是啥 啥是 啥叫 咋办 咋样 怎么 怎样 如何 哪些 哪个 哪几 哪种 哪里 是否 可以 有何 需要 应该 应当 必须 多少 几个 几种 一般 通常 常见 常用 目前 现在 到底",
    "究竟 具体 详细 主要 其中 他们 它们 这个 这种 这样 那个 存在 包含 包括 了解 理解 知道 思路 思想 想法 原理 核心 本质 概念 定义 含义 意义 作用 用处 用途 目的 优点 缺点 优势 不足 劣势 好处",
    "坏处 特点 特性 区别 差异 差别 不同 异同 联系 关系 相比 对比 比较 方法 方式 办法 做法 问题 原因 情况 过程 流程 步骤 机制 以及 还是 或者 并且 因此 所以 因为 如果 时候 的话 一种 一个 一些",
    "已经 具备 具有 较强 较好 体系 方案 技术 手段 基于 都是 相比于 不足点 稍微 大概 大致 想要 想让 打算 给定 同样 实际 处理 构建 提升 优化策略 优化方式 策略有哪些 哪些策略 应用场景",
    "进行 使用 采用 利用 用到 来说 关于 对于 针对 想问 求问 求解 求助 小白 新手 通俗 易懂 你 我 缓解 解决 应对 克服 讲 咋 啥 哪 其 它 这 那 的 地 得 了 吗 呢 吧 啊 呀 嘛 么 着 过"
  ],
  "joining": "和与或是在有要会能用让把被对从到比跟及而就都也很更还没做个中里为以于之所可去来给该由将并",
  "english": [
    "llm llms lm language models model large",
    "a an the of is are was were be been being am do does did done have has had having can could should would will",
    "shall may might must to in into on onto for from with without within by at as about over under between among",
    "through during per via and or but nor not no if then than that this these those there their they them its it he",
    "she we you i me my your our us his her who whom whose which what when where why how explain describe discuss",
    "define tell show give list compare compared comparison difference differences different differ differs versus vs",
    "mean means meaning meant work works working use uses used using usage purpose role concept concepts idea ideas",
    "overview introduction intro introduce main key basic common commonly typical typically various several some any",
    "many much more most less least so such only also just very really actually exactly please help need needs needed",
    "want get gets make makes made like way ways thing things example important importance benefit benefits",
    "advantage advantages disadvantage disadvantages drawback drawbacks pros cons limitation limitations challenge",
    "challenges issue issues problem problems technique techniques method methods approach approaches strategy",
    "strategies type types kind kinds step steps reason reasons effect effects affect affects impact happen happens",
    "one two other another each both same all every context terms detail details best good better well question",
    "questions answer answers language large models model llm llms deal handle understand understanding involved",
    "available require requires required requirement requirements solve solved solving mitigate mitigated mitigating",
    "overcome modern popular today effective effectiveness purpose regular significance prominent certain pick picking",
    "prefer preferred running perform performs performed looking look given number changed change changes involve involves"
  ]
};
