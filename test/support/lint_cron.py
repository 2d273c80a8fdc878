# Reads a list of cron expressions and answers what is wrong with each by EventBridge's grammar of six fields, "" for
# nothing.
import json
import sys

from aws_cron_expression_validator.validator import (
    AWSCronExpressionError,
    AWSCronExpressionValidator,
)


def problem(expression):
    try:
        AWSCronExpressionValidator.validate(expression)
        return ""
    except AWSCronExpressionError as error:
        return str(error)


print(json.dumps([problem(expression) for expression in json.load(sys.stdin)]))
