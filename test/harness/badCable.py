"""A stretch of cable that is as bad as it is told: what Linux calls netem, which many kernels lack. Ethernet frames
pass between two TAP devices, which must be there.

    badCable.py LEFT RIGHT DELAY_MS JITTER_MS DUPLICATE_PERCENT SEED

Each frame takes the delay and up to so much more at random, so that frames overtake each other; so many of a hundred
come twice, each copy in its own time. Ends with its input, and so with whoever started it.
"""

import fcntl
import heapq
import os
import random
import select
import struct
import sys
import time

TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000
FRAME_BYTES_MAX = 65_536
# Frames under way in both directions together; what comes beyond is lost, as in any queue.
UNDER_WAY_MAX = 10_000


def attach(name):
    device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return device


def pass_on(frame, device):
    try:
        os.write(device, frame)
    except OSError:
        # The interface is down, or its queue is full: a cable does not wait.
        pass


def carry(left, right, delay_s, jitter_s, duplicate_share, chance):
    under_way = []
    number = 0
    while True:
        wait_s = max(0.0, under_way[0][0] - time.monotonic()) if under_way else None
        readable, _, _ = select.select([left, right, sys.stdin], [], [], wait_s)
        if sys.stdin in readable and not os.read(sys.stdin.fileno(), 1):
            return
        for source, to in ((left, right), (right, left)):
            if source not in readable:
                continue
            frame = os.read(source, FRAME_BYTES_MAX)
            for _ in range(2 if chance.random() < duplicate_share else 1):
                if len(under_way) < UNDER_WAY_MAX:
                    number += 1
                    due = time.monotonic() + delay_s + jitter_s * chance.random()
                    heapq.heappush(under_way, (due, number, to, frame))
        while under_way and under_way[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(under_way)
            pass_on(frame, to)


def main():
    left, right, delay_ms, jitter_ms, duplicate_percent, seed = sys.argv[1:]
    chance = random.Random(int(seed))
    carry(
        attach(left),
        attach(right),
        int(delay_ms) / 1_000,
        int(jitter_ms) / 1_000,
        int(duplicate_percent) / 100,
        chance,
    )


main()
