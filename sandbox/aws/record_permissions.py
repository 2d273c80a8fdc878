"""Runs MiniStack, records the decisions of its policy evaluation, and ends when the parent process ends.

Every role's request passes `iam_evaluator.evaluate`, with the action and the resource that a policy must name.
Its CloudTrail records neither (no resource for most services, the access key in place of the role).
Each distinct decision is one JSON line in the file named by the first argument, written once.
"""
import json
import os
import signal
import sys
import threading

from ministack.core import iam_evaluator

decisions = open(sys.argv.pop(1), "a", buffering=1, encoding="utf-8")
written = set()
evaluate = iam_evaluator.evaluate


def recording(ctx, *policies):
    result = evaluate(ctx, *policies)
    decision = (ctx.principal_arn, ctx.action, ctx.resource_arn, result.decision)
    if decision not in written:
        written.add(decision)
        decisions.write(json.dumps(decision) + "\n")
    return result


def end_with_starter():
    # Unbuffered: a buffered reader would hold its lock while the interpreter ends.
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


iam_evaluator.evaluate = recording
threading.Thread(target=end_with_starter, daemon=True).start()

from ministack.app import main

main()
