"""GPipe's schedule, step by step, and how much of it is bubble."""


def gpipe(p: int, m: int, t_f: float, t_b: float) -> float:
    busy = [0.0] * p  # 每段忙到什么时候 ‖ until when each stage is busy
    for _ in range(m):  # 全部前向：微批从第一段走到最后一段 ‖ all forward passes, from the first stage to the last
        ready = 0.0
        for i in range(p):
            busy[i] = ready = max(busy[i], ready) + t_f  # 等上一段与自己 ‖ after the stage before
    for _ in range(m):  # 再全部反向，方向相反 ‖ then all backward passes, the other way
        ready = 0.0
        for i in reversed(range(p)):
            busy[i] = ready = max(busy[i], ready) + t_b
    return max(busy)


def bubble(p: int, m: int, t_f: float, t_b: float) -> float:
    ideal = m * (t_f + t_b)  # 一段真正干活的时间 ‖ the time a stage works
    return gpipe(p, m, t_f, t_b) / ideal - 1  # 等于 (p-1)/m ‖ equals (p - 1) / m
