import Foundation
import Testing

/// What the compiler says of sources that the macros refuse. The real compiler is asked, with the macros as they are built:
/// a test target that contained them would have SwiftPM build everything a second time.
@Suite struct DiagnosticTests {
  @Test(arguments: ["RemoteFunctions", "RemoteClosures"])
  func whatCannotWorkIsAnErrorThatSaysWhatToWrite(fixture: String) throws {
    let compiler = try Compiler(typeChecking: fixture)
    #expect(compiler.status == 0, "\(compiler.output)")
  }
}

/// A run of the compiler over a fixture. Every error that it reports stands beside the line as `expected-error`, and the
/// other way round; if not, it fails and says so.
private struct Compiler {
  let status: Int32
  let output: String

  init(typeChecking fixture: String) throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let package = sources.deletingLastPathComponent().deletingLastPathComponent().path
    let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    let swift = ProcessInfo.processInfo.environment["SWIFT"] ?? "swift"

    let process = Process()
    let pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/timeout")
    process.arguments = [
      "120", "\(swift)c", "-frontend", "-typecheck", "-verify", "-verify-ignore-unrelated", "-module-name", "Fixture",
      "-swift-version", "6",
      "-parse-as-library", "-I", "\(built)/Modules",
      "-Xcc", "-fmodule-map-file=\(built)/CMuster.build/module.modulemap",
      "-Xcc", "-fmodule-map-file=\(package)/Sources/CHwloc/module.modulemap",
      "-load-plugin-executable", "\(built)/MusterMacrosPlugin-tool#MusterMacrosPlugin",
      sources.appendingPathComponent("Fixtures/\(fixture).swift").path,
    ]
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    status = process.terminationStatus
  }
}
