import CTestWorker
import Glibc
import Muster

/// Called by CTestWorker's constructor in a process that was launched as a worker.
@_cdecl("test_worker_serve")
func serveAsWorker() {
  Task.detached {
    await becomeWorkerIfLaunchedAsOne()
    // "--start-worker", and whether to close standard input and to merge the output: see ByHandManager.
    await startWorker(
      closeStdin: CommandLine.arguments.contains("close"), stderrToStdout: CommandLine.arguments.contains("merge"))
  }
  while true { pause() }
}
