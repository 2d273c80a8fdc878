# Reads {name: policy} and answers what parliament finds in each, one text per finding. Offline: it brings its own
# copy of AWS's actions, resources and condition keys.
import json
import sys
import warnings

warnings.simplefilter("ignore")  # it still uses pkg_resources, and is told so
from parliament import analyze_policy_string  # noqa: E402

print(
    json.dumps(
        [
            f"{name}: {finding.issue}: {finding.detail}"
            for name, policy in json.load(sys.stdin).items()
            for finding in analyze_policy_string(
                json.dumps(policy), include_community_auditors=True
            ).findings
        ]
    )
)
