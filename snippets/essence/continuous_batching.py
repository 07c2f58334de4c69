"""Continuous batching: who has finished leaves, who waits comes in, before every step."""


def serve(prompts: list[int], answers: list[int], budget: int, max_num_seqs: int) -> list[int]:
    # 每个请求：还要读的、还要写的 ‖ of each request: what is to be read, what is to be written
    waiting = [[prompt, answer] for prompt, answer in zip(prompts, answers, strict=True)]
    running, steps = [], []
    while waiting or running:
        running.sort(key=lambda one: one[0] > 1)  # 先写的，后读提示的 ‖ those who write first, then prompts
        while waiting and len(running) < max_num_seqs and sum(one[0] for one in running) < budget:
            running.append(waiting.pop(0))  # 有空位、有预算，就进来 ‖ a place and budget left: come in
        room = budget
        for one in running:
            chunk = min(one[0], room)  # 提示只读剩下的预算那么长 ‖ of a prompt, as much as the budget leaves
            room -= chunk
            one[0] -= chunk
            if chunk and one[0] == 0:  # 读完才有下一个 token ‖ read to the end: now there is a next token
                one[:] = [1, one[1] - 1]
        running = [one for one in running if one[1]]  # 写完的立刻离开 ‖ who has finished leaves at once
        steps.append(budget - room)
    return steps
