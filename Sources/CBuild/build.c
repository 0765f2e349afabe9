#include "build.h"

// A name with dashes is several tokens to the preprocessor; stringized they are the name again.
#define TEXT_OF(...) #__VA_ARGS__
#define TEXT(...) TEXT_OF(__VA_ARGS__)

const char *oneshot_job_names(void) { return TEXT(ONESHOT_JOB_NAMES); }
