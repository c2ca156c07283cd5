namespace Dfss.Protocol;

/// <summary>
/// A message without its payload: <c>[id, operation, arguments, payload|nil]</c> or <c>[id, status, results,
/// payload|nil]</c>.
/// </summary>
/// <param name="Id">
/// The id of the request or of the request answered; null on a peer's notice about the connection.
/// </param>
/// <param name="Operation">The name of the operation on a request; null on an answer.</param>
/// <param name="Status">0 or a <see cref="DfssErrorCode"/> on an answer; unused on a request.</param>
/// <param name="Map">The arguments or results.</param>
internal sealed record Message(uint? Id, string? Operation, DfssErrorCode Status, MessageMap Map)
{
    public static Message Request(uint id, string operation, MessageMap arguments) =>
        new(id, operation, DfssErrorCode.None, arguments);

    public static Message Answer(uint? id, DfssErrorCode status, MessageMap results) =>
        new(id, Operation: null, status, results);
}
