"""The same round trips as cold_start.c, as a Python job would make them."""
import sys

import psycopg2
import redis

RELEASE = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('del', KEYS[1])"

socket, database_url, *statements = sys.argv[1:]
doorman = redis.Redis(unix_socket_path=socket)
assert doorman.set("oneshot:lock:bench", "me", nx=True, px=30_000)
connection = psycopg2.connect(database_url)
connection.autocommit = True
with connection.cursor() as cursor:
    for statement in statements:
        cursor.execute(statement)
        cursor.fetchall()
connection.close()
assert doorman.eval(RELEASE, 1, "oneshot:lock:bench", "me") == 1
