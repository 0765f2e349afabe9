#define _GNU_SOURCE
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int oneshot_pipe(int *ends) {
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

const char *oneshot_signal_name(int number) { return sigabbrev_np(number); }

// Between fork and execve only what POSIX calls async-signal-safe may be called: other threads of the process may have
// held any lock when it was copied.

// Older kernels (before 5.9) have no close_range.
static void close_from(unsigned first, unsigned last) {
#ifdef SYS_close_range
  if (syscall(SYS_close_range, first, last, 0) == 0) return;
#endif
  long limit = sysconf(_SC_OPEN_MAX);
  for (unsigned number = first; number <= last && number < (limit > 0 ? (unsigned long)limit : 65536); number++)
    close((int)number);
}

static void keep(int rope) {
  setpgid(0, 0);
  // What ends the group ends it, too; what asks the group to stop does not.
  for (int number = 1; number < NSIG; number++) signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_NAME, "oneshot-keeper");
  dup2(rope, 0);
  fcntl(0, F_SETFL, 0);
  close_from(1, ~0U);
  char byte;
  ssize_t count;
  do count = read(0, &byte, 1);
  while (count > 0 || (count < 0 && errno == EINTR));
  kill(0, SIGKILL);
  _exit(0);
}

pid_t oneshot_start_keeper(int rope) {
  pid_t keeper = fork();
  if (keeper < 0) return -errno;
  if (keeper == 0) keep(rope);
  // Here, too: whoever is first.
  setpgid(keeper, keeper);
  return keeper;
}

// Copies a descriptor to a number above those that the program expects, which are filled afterwards.
static int above(int descriptor) { return fcntl(descriptor, F_DUPFD_CLOEXEC, ONESHOT_DESCRIPTORS); }

static void become(
    const char *path, char *const *arguments, char *const *environment, const char *folder, pid_t parent, pid_t group,
    const int *descriptors, int count, int report) {
  int places[ONESHOT_DESCRIPTORS];
  int moved = above(report);
  if (moved < 0) goto failed;
  report = moved;
  for (int number = 0; number < count; number++) {
    int source = descriptors[number] < 0 ? open("/dev/null", O_RDWR | O_CLOEXEC) : descriptors[number];
    places[number] = source < 0 ? -1 : above(source);
    if (places[number] < 0) goto failed;
  }
  for (int number = 0; number < count; number++)
    if (dup2(places[number], number) < 0) goto failed;
  close_from((unsigned)count, (unsigned)report - 1);
  close_from((unsigned)report + 1, ~0U);
  if (folder && chdir(folder) < 0) goto failed;
  if (setpgid(0, group) < 0) goto failed;
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) goto failed;
  // The parent may have ended before that.
  if (getppid() != parent) _exit(128 + SIGKILL);
  // What is ignored stays ignored in the program, unlike what is handled.
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  execve(path, arguments, environment);
failed:;
  int problem = errno;
  if (write(report, &problem, sizeof problem) < 0) _exit(126);
  _exit(127);
}

pid_t oneshot_start_program(
    const char *path, char *const *arguments, char *const *environment, const char *folder, pid_t group,
    const int *descriptors, int count) {
  if (count < 3 || count > ONESHOT_DESCRIPTORS) return -EINVAL;
  // The end of a child whose signal is ignored is lost, and a program may inherit that.
  struct sigaction child;
  if (sigaction(SIGCHLD, NULL, &child) == 0 && child.sa_handler == SIG_IGN) signal(SIGCHLD, SIG_DFL);
  int report[2];
  if (pipe2(report, O_CLOEXEC) < 0) return -errno;
  pid_t parent = getpid();
  pid_t program = fork();
  if (program == 0) become(path, arguments, environment, folder, parent, group, descriptors, count, report[1]);
  int problem = program < 0 ? errno : 0;
  close(report[1]);
  ssize_t size;
  do size = program < 0 ? 0 : read(report[0], &problem, sizeof problem);
  while (size < 0 && errno == EINTR);
  close(report[0]);
  if (problem == 0) return program;
  if (program > 0) waitpid(program, NULL, 0);
  return -problem;
}

int oneshot_process_descriptor(pid_t process) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, process, 0);
#else
  (void)process;
  return -1;
#endif
}
