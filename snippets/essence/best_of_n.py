"""Best of n: how often one of k is right, what a vote says, what a score chooses."""

from math import comb, log


def pass_at_k(N, c, k):  # N 个里 c 个对 ‖ c of N are right
    return 1 - comb(N - c, k) / comb(N, k)  # 一个都没抽到对的，再取反 ‖ one minus that none is


def majority_vote(answers):
    return max(answers, key=answers.count)  # 一样多取先出现的 ‖ of equals the first


def best_of_n_value(scores, values, n):  # 从 N 个里估计 n 选 1 的价值 ‖ of n, estimated from N
    N = len(scores)
    ranked = [value for _, value in sorted(zip(scores, values, strict=True))]  # 分数从低到高 ‖ from low scores up
    # 第 i 名当选，其余 n − 1 个都排在它前面的 i − 1 个里 ‖ rank i wins if the others come from the i − 1 below it
    return sum(comb(i - 1, n - 1) / comb(N, n) * value for i, value in enumerate(ranked, 1))


def best_of_n_kl(n):
    return log(n) - (n - 1) / n
