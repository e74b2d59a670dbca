"""The network of configs/mnist.yaml in PyTorch, written by hand: tensors in memory, one permutation an epoch.

    python benchmarks/pytorch_mnist.py mnist.npz [--compile]

Prints the seconds of each of three epochs, with validation, as JSON, which `training.py` reads. Images, batches of 32,
Adam with a cosine and the distribution of the initial weights are those of the spec. Batches are indexed out of
tensors, because a `DataLoader` costs more. With `--compile` forward and backward pass are compiled, before the clock
starts.
"""

import argparse
import json
import math
import time

import numpy as np
import torch
from torch import nn

EPOCHS, BATCH, HELD_OUT = 3, 32, 6_000


def tensors(file):
    with np.load(file) as arrays:
        images, labels = arrays["x_train"], arrays["y_train"]
    x = torch.from_numpy(images.astype(np.float32) / 255 - 0.5)[:, None]  # (images, 1, 28, 28)
    y = torch.from_numpy(labels.astype(np.int64))
    return x[:-HELD_OUT], y[:-HELD_OUT], x[-HELD_OUT:], y[-HELD_OUT:]


def network():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 8, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 13 * 13, 10))
    for layer in (model[0], model[3]):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", help="MNIST as Keras keeps it")
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    x, y, x_validation, y_validation = tensors(options.file)
    model = network()
    steps = math.ceil(len(x) / BATCH)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01, eps=1e-7)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * steps)
    loss_of = nn.CrossEntropyLoss()

    def training_step(images, labels):
        logits = model(images)
        loss = loss_of(logits, labels)
        loss.backward()
        return loss.detach(), (logits.argmax(1) == labels).sum()

    step = torch.compile(training_step) if options.compile else training_step
    if options.compile:  # both sizes of batches, before the clock starts
        for count in (BATCH, len(x) % BATCH or BATCH):
            step(x[:count], y[:count])
            optimizer.zero_grad()
    seconds = []
    for _ in range(EPOCHS):
        began = time.perf_counter()
        order, total, right = torch.randperm(len(x)), torch.zeros(()), torch.zeros((), dtype=torch.int64)
        for start in range(0, len(x), BATCH):
            chosen = order[start : start + BATCH]
            loss, correct = step(x[chosen], y[chosen])
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            total, right = total + loss, right + correct
        with torch.no_grad():
            found = sum(
                int((model(x_validation[i : i + 512]).argmax(1) == y_validation[i : i + 512]).sum())
                for i in range(0, HELD_OUT, 512)
            )
        seconds.append(time.perf_counter() - began)
    assert found / HELD_OUT > 0.95
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
