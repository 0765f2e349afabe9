// SCAN and MGET over the whole keyspace, and nothing done with the values: bare_scan REDIS_SOCKET COUNT
// Pipelined as the job does it: the next page is asked for together with the values of this one.
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

static redisReply *receive(redisContext *redis) {
  void *reply;
  if (redisGetReply(redis, &reply) != REDIS_OK || ((redisReply *)reply)->type == REDIS_REPLY_ERROR) {
    fprintf(stderr, "redis: %s\n", redis->errstr);
    exit(1);
  }
  return reply;
}

int main(int count, char **arguments) {
  if (count != 3) return 64;
  redisContext *redis = redisConnectUnix(arguments[1]);
  if (!redis || redis->err) return 69;
  const char **words = NULL;
  size_t *lengths = NULL, room = 0;
  long keys = 0;
  unsigned long long sum = 0;
  redisAppendCommand(redis, "SCAN 0 MATCH usage:* COUNT %s", arguments[2]);
  redisReply *page = receive(redis);
  for (;;) {
    redisReply *names = page->element[1];
    int isLast = page->element[0]->len == 1 && page->element[0]->str[0] == '0';
    if (names->elements + 1 > room) {
      room = names->elements + 1;
      words = realloc(words, room * sizeof *words);
      lengths = realloc(lengths, room * sizeof *lengths);
    }
    words[0] = "MGET";
    lengths[0] = 4;
    for (size_t i = 0; i < names->elements; i++) {
      words[i + 1] = names->element[i]->str;
      lengths[i + 1] = names->element[i]->len;
    }
    if (names->elements) redisAppendCommandArgv(redis, names->elements + 1, words, lengths);
    if (!isLast) redisAppendCommand(redis, "SCAN %s MATCH usage:* COUNT %s", page->element[0]->str, arguments[2]);
    if (names->elements) {
      redisReply *values = receive(redis);
      for (size_t i = 0; i < values->elements; i++) {
        if (values->element[i]->type == REDIS_REPLY_STRING) sum += strtoull(values->element[i]->str, NULL, 10);
      }
      keys += values->elements;
      freeReplyObject(values);
    }
    freeReplyObject(page);
    if (isLast) break;
    page = receive(redis);
  }
  redisFree(redis);
  printf("%ld %llu\n", keys, sum);
  return 0;
}
