"""A policy gradient in a world of one's own, with a buffer of what happened."""
import random
from collections import deque, namedtuple

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions import Categorical

Transition = namedtuple("Transition", ("state", "action", "next_state", "reward"))


class Corridor:
    def reset(self):
        self.at = 2
        return np.eye(5, dtype=np.float32)[self.at]

    def step(self, action):
        self.at += 1 if action == 1 else -1
        done = self.at in (0, 4)
        return np.eye(5, dtype=np.float32)[self.at], 1.0 if self.at == 4 else 0.0, done, {}


random.seed(543), np.random.seed(543), torch.manual_seed(543)
policy = nn.Sequential(nn.Linear(5, 16), nn.Dropout(p=0.1), nn.ReLU(), nn.Linear(16, 2))
optimizer = optim.Adam(policy.parameters(), lr=1e-2)
eps = np.finfo(np.float32).eps.item()
env, memory, running = Corridor(), deque([], maxlen=100), 0
for episode in range(15):
    state, log_probs, rewards = env.reset(), [], []
    for t in range(1, 50):
        probs = torch.softmax(policy(torch.from_numpy(state).float().unsqueeze(0)), dim=1)
        m = Categorical(probs)
        action = m.sample()
        log_probs.append(m.log_prob(action))
        nxt, reward, done, _ = env.step(action.item())
        memory.append(Transition(torch.tensor(state), action, torch.tensor(nxt), torch.tensor([reward])))
        rewards.append(reward)
        state = nxt
        if done:
            break
    R, returns = 0, deque()
    for r in rewards[::-1]:
        R = r + 0.99 * R
        returns.appendleft(R)
    returns = torch.tensor(returns)
    returns = (returns - returns.mean()) / (returns.std(unbiased=False) + eps)
    loss = torch.cat([-lp * R for lp, R in zip(log_probs, returns)]).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    running = 0.05 * sum(rewards) + 0.95 * running
print(f"{running:.4f}", len(memory), m.entropy().item() > 0)
batch = Transition(*zip(*random.sample(memory, 8)))
states, mask = torch.stack(batch.state), torch.tensor(tuple(map(lambda s: s is not None, batch.next_state)), dtype=torch.bool)
target = torch.zeros(8)
with torch.no_grad():
    target[mask] = policy(torch.stack(batch.next_state)).max(1).values
q = policy(states).gather(1, torch.cat(batch.action).unsqueeze(1))
print(nn.SmoothL1Loss()(q, (target * 0.9 + torch.cat(batch.reward)).unsqueeze(1)).item() > 0, q.shape)
