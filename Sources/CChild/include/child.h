#include <sys/types.h>

/// What Swift cannot call (`fork`, `prctl`, `pipe2`), for a program that must not outlive the process that started it.

/// Makes a pipe that no other program inherits: the end to read, the end to write. The first does not block.
/// - Returns: 0, or -1 with `errno`.
int oneshot_pipe(int *_Nonnull ends);

/// Starts a process that kills its process group, itself included, once nobody holds the other end of `rope` any more.
///
/// It is a copy of this process that runs nothing else and holds no other descriptor. Its process group has its number.
/// - Returns: its number, or a negative `errno`.
pid_t oneshot_start_keeper(int rope);

/// How many descriptors a program may have: 0 to 9.
#define ONESHOT_DESCRIPTORS 10

/// Starts a program in a process group, with the descriptors of a list and no others, with signals as a new login has
/// them. The kernel kills it when the calling thread ends, which therefore has to wait for it.
///
/// - `folder`: where it works; null for the folder of this process.
/// - `descriptors`: number n of the program is the n-th of the list; where that is negative, it is `/dev/null`.
/// - Returns: its number, or a negative `errno` of what could not be done, the start of the program included.
pid_t oneshot_start_program(
    const char *_Nonnull path, char *_Nullable const *_Nonnull arguments, char *_Nullable const *_Nonnull environment,
    const char *_Nullable folder, pid_t group, const int *_Nonnull descriptors, int count);

/// - Returns: a descriptor that is readable once the process has ended; -1 where the kernel has none.
int oneshot_process_descriptor(pid_t process);

/// `TERM` of SIGTERM; null for one that has no name.
const char *_Nullable oneshot_signal_name(int number);
