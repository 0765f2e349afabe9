"""What cache-warmer publishes, in a few lines: python3 feeds.py FILE, a JSON object with the settings and all rows.

Prints for each user that is there the posts of its feed, the best first.
"""
import json
import sys
from collections import defaultdict


def feeds(given):
    live = set(given["users"])
    recent = lambda event: 0 < event["age"] <= given["horizon"]
    likes, comments, follows, seen = defaultdict(set), defaultdict(int), defaultdict(set), defaultdict(set)
    for like in filter(recent, given["likes"]):
        likes[like["post"]].add(like["user"])
    for comment in filter(recent, given["comments"]):
        comments[comment["post"]] += 1
    for view in filter(recent, given["views"]):
        seen[view["user"]].add(view["post"])
    for follower, followee in given["follows"]:
        follows[follower].add(followee)
    hidden = {(user, target) for user, target in given["mutes"]}
    hidden |= {pair for user, target in given["blocks"] for pair in ((user, target), (target, user))}
    scored = []
    for post in filter(recent, given["posts"]):
        weight = 1 + len(likes[post["id"]]) + 2 * comments[post["id"]]
        score = weight * round(1e9 * 0.95 ** (post["age"] / 1_000_000 / 3600))
        scored.append((score, str(post["id"]).encode(), post["author"], str(post["id"])))
    scored.sort(reverse=True)
    for user in live:
        listed, by_author = [], defaultdict(int)
        for _, _, author, post in scored:
            if author == user or author not in live & follows[user] or (user, author) in hidden or int(post) in seen[user]:
                continue
            if len(listed) < given["limit"] and by_author[author] < given["author_max"]:
                by_author[author] += 1
                listed.append(post)
        yield str(user), listed


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        print(json.dumps(dict(feeds(json.load(file)))))
