/// The names of all jobs of this package, separated by commas: from the one list in Package.swift.
const char *_Nonnull oneshot_job_names(void);
