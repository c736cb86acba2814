#include "CTestWorker.h"
