import CTestWorker
import Glibc
import Muster

/// Called by CTestWorker's constructor in a process that was launched as a worker.
@_cdecl("test_worker_serve")
func serveAsWorker() {
  Task.detached { await becomeWorkerIfLaunchedAsOne() }
  while true { pause() }
}
