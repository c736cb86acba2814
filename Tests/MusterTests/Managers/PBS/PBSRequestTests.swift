import Testing

@testable import Muster

private func arguments(_ dialect: PBSDialect, _ workers: Int, _ change: (inout PBSOptions) -> Void = { _ in }) -> String
{
  var options = PBSOptions()
  change(&options)
  return PBSRequest(dialect: dialect, workers: workers, options: options).arguments.joined(separator: " ")
}

@Test func `workers are the elements of an array, in the words of each PBS`() {
  #expect(
    arguments(.openPBS, 4)
      == "-N muster -j oe -o /dev/null -J 1-4 -l select=1:ncpus=1:mpiprocs=1")
  #expect(arguments(.torque, 4) == "-N muster -j oe -o /dev/null -t 1-4 -l nodes=1:ppn=1")
}

@Test func `one worker is no array, because OpenPBS refuses an array of one`() {
  #expect(!arguments(.openPBS, 1).contains("-J") && !arguments(.torque, 1).contains("-t"))
}

@Test func `chunks are one job, scattered or not`() {
  let chunks = arguments(.openPBS, 8) {
    $0.shape = .chunks
    $0.cpusPerWorker = 4
    $0.memoryPerWorker = "2gb"
  }
  #expect(chunks.hasSuffix("-l select=8:ncpus=4:mpiprocs=1:mem=2gb -l place=free"))
  let scattered = arguments(.openPBS, 2) {
    $0.shape = .chunks
    $0.scatter = true
  }
  #expect(scattered.hasSuffix("-l select=2:ncpus=1:mpiprocs=1 -l place=scatter"))
  #expect(arguments(.torque, 8) { $0.shape = .chunks }.hasSuffix("-l nodes=8:ppn=1"))
}

@Test func `queue, walltime and the user's own options are passed on`() {
  let words = arguments(.torque, 1) {
    $0.queue = "short"
    $0.walltime = .milliseconds(3_725_001)
    $0.qsubflags = ["-A", "project"]
  }
  #expect(words == "-N muster -q short -j oe -o /dev/null -l nodes=1:ppn=1 -l walltime=01:02:06 -A project")
}

@Test func `bad options are errors that name them`() {
  func complaint(_ change: (inout PBSOptions) -> Void) -> String {
    var options = PBSOptions()
    change(&options)
    do { try options.validate() } catch { return error.message }
    return ""
  }
  #expect(complaint { _ in }.isEmpty)
  #expect(complaint { $0.name = "" }.contains("name"))
  #expect(complaint { $0.name = "4th" }.contains("name"))
  #expect(complaint { $0.name = "a b" }.contains("name"))
  #expect(complaint { $0.cpusPerWorker = 0 }.contains("cpusPerWorker"))
  #expect(complaint { $0.walltime = .zero }.contains("walltime"))
  #expect(complaint { $0.queue = "-x" }.contains("queue"))
  #expect(complaint { $0.memoryPerWorker = "two" }.contains("memoryPerWorker"))
  #expect(complaint { $0.memoryPerWorker = "2gb" }.isEmpty)
  #expect(complaint { $0.qsubflags = ["-J", "1-9"] }.contains("-J"))
  #expect(complaint { $0.qsubflags = ["-qshort"] }.contains("options.queue"))
  #expect(complaint { $0.qsubflags = ["-l", "select=3"] }.contains("cpusPerWorker"))
  #expect(complaint { $0.qsubflags = ["-A", "project", "-l", "software=x"] }.isEmpty)
}

@Test func `the dialect is what the commands answer`() {
  #expect(PBSDialect(versionAnswer: "pbs_version = 23.06.06\n") == .openPBS)
  #expect(PBSDialect(versionAnswer: "pbs_version = PBSPro_13.1.1.162303\n") == .openPBS)
  #expect(PBSDialect(versionAnswer: "Version: 6.1.3\nCommit: 1234\n") == .torque)
  #expect(PBSDialect(versionAnswer: "Unknown option: version\nUsage:\n    qsub [-a start_time]\n") == .torque)
  #expect(PBSDialect(versionAnswer: "GE 6.2u5") == nil)
}

@Test(
  arguments: [
    ("12.server\n", "12.server"), ("12[].server\n", "12[].server"), ("12\n", "12"), ("12[]\n", "12[]"),
    ("Welcome to the cluster!\n\n34.head.cluster.org\n", "34.head.cluster.org"), ("", nil), ("no job\n", nil),
    ("12x\n", nil), ("12 34\n", nil), ("-12\n", nil), ("[].server", nil),
  ] as [(String, String?)])
func `a job id is the last line that qsub prints`(output: String, id: String?) {
  #expect(PBSJobID(submission: output)?.description == id)
}

@Test func `refusals say what their number means, and what was said`() {
  let text = PBSRefusal.describe("qsub", code: 170, output: "qsub: Unknown queue\n")
  #expect(text == "qsub has failed with exit status 170, which means no such queue: qsub: Unknown queue")
  #expect(PBSRefusal.describe("qsub", code: 7, output: "") == "qsub has failed with exit status 7")
  #expect(PBSRefusal.isGone(153) && PBSRefusal.isGone(35) && !PBSRefusal.isGone(162))
}

@Test func `a host of the node file is a target once, at its first line`() {
  let targets = PBSStarter.targets(["n1", "n1", "n2", "n1", "n3"])
  #expect(targets.map(\.host) == ["n1", "n2", "n3"] && targets.map(\.line) == [0, 2, 4])
  #expect(targets.map(\.index) == [0, 1, 2])
}
