import SwiftParser
import SwiftSyntax
import SwiftSyntaxMacros

/// Finds in a written type what cannot travel to another process, as far as its syntax shows: whether a named type is
/// `Codable` and `Sendable` the compiler says.
final class TravellingType: SyntaxVisitor {
  private let context: any MacroExpansionContext
  /// Names that mean something else where the type is repeated.
  private let hidden: Set<String>
  private(set) var isSound = true

  private init(_ context: some MacroExpansionContext, hidden: Set<String>) {
    self.context = context
    self.hidden = hidden
    super.init(viewMode: .sourceAccurate)
  }

  /// Whether values of the type can travel; reports why not.
  static func check(_ type: TypeSyntax, hidden: Set<String> = [], in context: some MacroExpansionContext) -> Bool {
    let visitor = TravellingType(context, hidden: hidden)
    visitor.walk(type)
    return visitor.isSound
  }

  private func refuse(_ node: some SyntaxProtocol, _ message: String) -> SyntaxVisitorContinueKind {
    context.complain(message, at: node)
    isSound = false
    return .skipChildren
  }

  override func visit(_ node: FunctionTypeSyntax) -> SyntaxVisitorContinueKind {
    refuse(node, "a closure cannot travel to another process: take a type that conforms to RemoteFunction in its place")
  }

  override func visit(_ node: TupleTypeSyntax) -> SyntaxVisitorContinueKind {
    if node.elements.count < 2 { return .visitChildren }
    return refuse(node, "a tuple is not Codable and cannot travel to another process: use a struct that is Codable")
  }

  override func visit(_ node: SomeOrAnyTypeSyntax) -> SyntaxVisitorContinueKind {
    refuse(
      node,
      "`\(node.trimmed)` cannot travel to another process, which has to know the type: name the type")
  }

  override func visit(_ node: IdentifierTypeSyntax) -> SyntaxVisitorContinueKind {
    guard hidden.contains(node.name.text) else { return .visitChildren }
    return refuse(
      node,
      "`\(node.name.text)` would mean `RemoteFunction.\(node.name.text)` here: "
        + "write it with its module or the type it is in, as `\(context.moduleName(at: node)).\(node.name.text)`")
  }
}

extension MacroExpansionContext {
  /// The module that a node is in.
  func moduleName(at node: some SyntaxProtocol) -> String {
    let file = location(of: node, at: .afterLeadingTrivia, filePathMode: .fileID)?.file
    let path = file?.as(StringLiteralExprSyntax.self)?.representedLiteralValue
    return path?.split(separator: "/").first.map(String.init) ?? "Module"
  }
}
