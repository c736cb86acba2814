import Glibc
import Testing

@testable import Muster

/// Where directories of sockets are made, as `SocketDirectory` decides.
private let base = environmentVariable("XDG_RUNTIME_DIR").flatMap { access($0, W_OK) == 0 ? $0 : nil } ?? "/tmp"

private func mode(of path: String) -> UInt32? {
  var status = stat()
  return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
}

private func touch(_ path: String) { close(open(path, O_CREAT | O_WRONLY, 0o600)) }

private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

@Suite(.serialized) struct SocketDirectoryTests {
  @Test func `the directory is for this user alone, its path short`() throws {
    let directory = try SocketDirectory()
    #expect(mode(of: directory.path) == 0o700)
    #expect(directory.path.hasPrefix("\(base)/muster-\(geteuid())-\(getpid())-"))
    #expect(directory.path.utf8.count < 80)
  }

  @Test func `it goes with everything in it when it is let go`() throws {
    var directory: SocketDirectory? = try SocketDirectory()
    let path = directory!.path
    let listener = try Sockets.listen(at: .unix(path: path + "/2.sock"), backlog: 1)
    touch(path + "/other")
    #expect(exists(listener.address.description.replacing("unix:", with: "")))
    directory = nil
    #expect(!exists(path))
  }

  @Test func `removing it twice does no harm`() throws {
    let directory = try SocketDirectory()
    directory.remove()
    #expect(!exists(directory.path))
    directory.remove()
  }

  @Test func `what a killed process left is removed, what a living one has is kept`() throws {
    let living = try SocketDirectory()
    let left = "\(base)/muster-\(geteuid())-1-left\(getpid())"
    mkdir(left, 0o700)
    touch(left + "/lock")
    touch(left + "/2.sock")
    let halfRemoved = "\(base)/muster-\(geteuid())-1-half\(getpid())"
    mkdir(halfRemoved, 0o700)
    touch(halfRemoved + "/3.sock")
    let foreign = "\(base)/musters-\(geteuid())-\(getpid())"
    mkdir(foreign, 0o700)
    touch(foreign + "/lock")
    defer { SocketDirectory.remove(foreign) }
    let next = try SocketDirectory()
    #expect(!exists(left) && !exists(halfRemoved))
    #expect(exists(living.path) && exists(next.path) && exists(foreign))
  }

  @Test func `one that loses the rest removes what they still have only if its owner has gone`() throws {
    let living = try SocketDirectory()
    SocketDirectory.removeIfLeft(living.path)
    #expect(exists(living.path))
    let left = "\(base)/muster-\(geteuid())-1-gone\(getpid())"
    mkdir(left, 0o700)
    touch(left + "/lock")
    SocketDirectory.removeIfLeft(left)
    #expect(!exists(left))
  }

  @Test func `a link of somebody else, named as what is left behind, leads nowhere`() throws {
    let victim = try TestDirectory()
    touch(victim.path + "/thesis.txt")
    let link = "\(base)/muster-\(geteuid())-1-link\(getpid())"
    symlink(victim.path, link)
    defer { unlink(link) }
    // In a directory that was left, too.
    let left = "\(base)/muster-\(geteuid())-1-inner\(getpid())"
    mkdir(left, 0o700)
    symlink(victim.path + "/thesis.txt", left + "/lock")
    defer {
      unlink(left + "/lock")
      rmdir(left)
    }
    _ = try SocketDirectory()
    SocketDirectory.remove(link)
    #expect(exists(victim.path + "/thesis.txt"))
  }

  @Test func `two directories of one process are different`() throws {
    let (first, second) = (try SocketDirectory(), try SocketDirectory())
    #expect(first.path != second.path)
    #expect(exists(first.path) && exists(second.path))
  }
}
