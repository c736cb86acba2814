import Foundation
import Glibc
import Muster
import Testing

/// Has the process write a file at its exit, and take its time for it.
struct WriteAtExit: RemoteFunction {
  nonisolated(unsafe) private static var path = ""

  func callAsFunction(_ path: String) -> Bool {
    Self.path = path
    return atexit {
      usleep(300_000)
      close(open(WriteAtExit.path, O_CREAT | O_WRONLY, 0o600))
    } == 0
  }
}

extension ClusterTests {
  /// What begins in a task that is cancelled is put in order all the same.
  @Suite struct Cancellation {
    @Test func anAddprocsThatIsCancelledThrowsThatAndLeavesNothing() async throws {
      try await leavingNothingBehind { () async throws in
        let folder = NSTemporaryDirectory() + "cancellation-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = AddprocsOptions()
        // It does not know that it is to call back, but ends when it is killed.
        options.exename = "\(folder)/mute"
        _ = FileManager.default.createFile(
          atPath: options.exename!, contents: Data("#!/bin/sh\necho >\(folder)/started\nexec sleep 600\n".utf8),
          attributes: [.posixPermissions: 0o755])
        let adding = Task { [options] in try await addprocs(1, options: options) }
        await eventually("it is started") { FileManager.default.fileExists(atPath: "\(folder)/started") }
        adding.cancel()
        await thrown(CancellationError.self) { try await adding.value }
      }
    }

    @Test func aWorkerThatIsRemovedInACancelledTaskHasItsTimeToLeave() async throws {
      try await withWorkers(1) { (pids) async throws in
        let path = NSTemporaryDirectory() + "exit-\(UUID().uuidString)"
        defer { unlink(path) }
        #expect(try await remotecallFetch(WriteAtExit(), on: pids[0], path))
        let removing = Task {
          withUnsafeCurrentTask { $0?.cancel() }
          try await rmprocs(pids)
        }
        try await removing.value
        #expect(FileManager.default.fileExists(atPath: path))
      }
    }
  }
}
