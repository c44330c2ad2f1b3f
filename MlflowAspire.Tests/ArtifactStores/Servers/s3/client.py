"""What the test does to the server as its administrator."""

import os
import sys
import warnings

import boto3

warnings.simplefilter("ignore")
session = boto3.Session(aws_access_key_id="ROOT", aws_secret_access_key="root", region_name="us-east-1")


def connect(service: str):
    return session.client(service, endpoint_url="https://localhost:9000", verify=False)


match sys.argv[1]:
    case "list":
        for page in connect("s3").get_paginator("list_objects_v2").paginate(Bucket=os.environ["S3_BUCKET"]):
            for entry in page.get("Contents", []):
                print(entry["Key"])
    case "revoke":
        connect("iam").delete_user_policy(UserName="mlflow", PolicyName="use")
    case "restore":
        policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
        connect("iam").put_user_policy(UserName="mlflow", PolicyName="use", PolicyDocument=policy)
