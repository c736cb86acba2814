import Testing

@testable import Muster

@Suite struct ProgramStatusTests {
  @Test(arguments: [
    ("Program.Square", "Square"), ("Program.Outer.Inner", "Outer.Inner"), ("Muster.Batch<Program.Square>", "Square"),
    ("Muster.Batch<Muster.CachedCall<Program.Scale<Swift.Int>>>", "Scale<Swift.Int>"),
    ("Muster.ReduceChunk<Program.Body<Swift.Int, Swift.Int>, Muster.Sum<Swift.Int>>", "Body<Swift.Int, Swift.Int>"),
  ])
  func functionsGoByTheNamesThatPeopleGaveThem(name: String, shown: String) {
    #expect(ProgramStatus.Call.displayName(name) == shown)
  }

  @Test(arguments: ["Muster.ReportCalls", "Muster.SetGlobal<Muster.Nothing>", "Muster.", "Muster.Batch<"])
  func whatIsMustersOwnIsNotShown(name: String) {
    #expect((ProgramStatus.Call.displayName(name) ?? "").isEmpty)
  }
}
