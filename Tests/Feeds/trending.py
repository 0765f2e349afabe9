"""What trending publishes, in a few lines: python3 trending.py FILE, a JSON object with the settings and all rows.

Prints for each window its members and scores, the best first.
"""
import json
import math
import sys
from collections import defaultdict


def lists(given):
    weights = given["weights"]
    live = {user["id"] for user in given["users"] if not user["deleted"]}
    posts = {post["id"]: post for post in given["posts"] if not post["deleted"] and post["author"] in live
             and post["age"] <= given["post_age"]}
    for label, window in given["windows"].items():
        sums, people, newest = defaultdict(int), defaultdict(set), defaultdict(int)
        for event in sorted(given["events"], key=lambda event: event["age"]):
            post, user = posts.get(event["post"]), event["user"]
            if not 0 < event["age"] <= window["length"] or not post or user not in live or user == post["author"]:
                continue
            left = math.floor(window["decay"] ** (event["age"] // 60_000_000 / 60) * 1_000_000 + 0.5)
            units = round(weights[event["kind"]] * 1000) * left
            people[post["id"]] |= {user} if units else set()
            newest[post["id"], user, event["kind"]] += 1
            if newest[post["id"], user, event["kind"]] > given["per_user"] > 0:
                continue
            sums[post["id"]] += units
        listed, by_author = [], defaultdict(int)
        scores = {post: (sum + 500) // 1000 for post, sum in sums.items() if len(people[post]) >= given["min_users"]}
        for post, score in sorted(scores.items(), key=lambda entry: (entry[1], str(entry[0]).encode()), reverse=True):
            author = posts[post]["author"]
            if score > 0 and len(listed) < given["limit"] and by_author[author] < (given["per_author"] or math.inf):
                by_author[author] += 1
                listed.append(f"{post} {score // 1_000_000}.{score % 1_000_000:06}")
        yield label, listed


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(json.dumps(dict(lists(json.load(file)))))
