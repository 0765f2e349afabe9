// The round trips of a job that finds nothing to do, and nothing else:
// cold_start REDIS_SOCKET DATABASE_URL OPEN DAYS CLOSE  (the last three: statements)
#include <hiredis/hiredis.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

#define LOCK "oneshot:lock:bench"
static const char *release =
    "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('del', KEYS[1])";

static void ask(redisContext *redis, const char *format, const char *a, const char *b) {
  redisReply *reply = redisCommand(redis, format, a, b);
  if (!reply || reply->type == REDIS_REPLY_ERROR || reply->type == REDIS_REPLY_NIL) {
    fprintf(stderr, "redis: %s\n", reply ? reply->str : redis->errstr);
    exit(1);
  }
  freeReplyObject(reply);
}

static void run(PGconn *connection, const char *statement) {
  PGresult *result = PQexecParams(connection, statement, 0, NULL, NULL, NULL, NULL, 0);
  if (PQresultStatus(result) != PGRES_TUPLES_OK) {
    fputs(PQerrorMessage(connection), stderr);
    exit(1);
  }
  PQclear(result);
}

int main(int count, char **arguments) {
  if (count != 6) return 64;
  redisContext *redis = redisConnectUnix(arguments[1]);
  if (!redis || redis->err) return 69;
  ask(redis, "SET %s %s NX PX 30000", LOCK, "me");
  PGconn *connection = PQconnectdb(arguments[2]);
  if (PQstatus(connection) != CONNECTION_OK) return 69;
  for (int i = 3; i < 6; i++) run(connection, arguments[i]);
  PQfinish(connection);
  redisReply *reply = redisCommand(redis, "EVAL %s 1 %s %s", release, LOCK, "me");
  if (!reply || reply->integer != 1) return 1;
  freeReplyObject(reply);
  redisFree(redis);
  return 0;
}
