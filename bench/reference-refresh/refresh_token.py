"""The reference's refresh function, written again from its guide: the baseline of ours.

As in the original, boto3 is imported where it is first needed, and every call makes its own client. Only the broker's
address can be changed, so that the function can be run against a stand-in.
"""
import hashlib
import json
import os

import requests

BROKER = os.environ.get("FYERS_API_URL", "https://api-t1.fyers.in")


def aws(service):
    import boto3

    return boto3.client(service, region_name=os.environ.get("AWS_REGION", "ap-south-1"))


def parameter(name):
    answer = aws("ssm").get_parameter(Name=name, WithDecryption=True)
    return answer["Parameter"]["Value"]


def new_access_token():
    app, secret = parameter("FYERS_CLIENT_ID"), parameter("FYERS_SECRET_KEY")
    request = {
        "grant_type": "refresh_token",
        "appIdHash": hashlib.sha256(f"{app}:{secret}".encode()).hexdigest(),
        "refresh_token": parameter("FYERS_REFRESH_TOKEN"),
        "pin": aws("secretsmanager").get_secret_value(SecretId="FYERS_PIN")["SecretString"],
    }
    answer = requests.post(f"{BROKER}/api/v3/validate-refresh-token", json=request, timeout=10)
    return answer.json().get("access_token")


def answer_of(status, **body):
    return {"statusCode": status, "body": json.dumps(body, ensure_ascii=False)}


def lambda_handler(event, context):
    token = new_access_token()
    if token is None:
        return answer_of(500, error="Failed to refresh access token")
    aws("ssm").put_parameter(
        Name="FYERS_ACCESS_TOKEN", Value=token, Type="SecureString", Overwrite=True
    )
    return answer_of(200, message="\u2705 Token refresh completed successfully!")
