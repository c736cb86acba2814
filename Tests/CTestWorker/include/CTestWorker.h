/// Turns the test runner into a worker when it is launched as one, so that tests run real worker processes of their own
/// executable and their remote functions can stand beside them.
#pragma once
/// Called by a test, so that the object file is linked.
void test_worker_link(void);
