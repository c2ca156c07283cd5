using System.Security.Cryptography;

namespace Dfss.Protocol;

/// <summary>
/// One run of a peer, from its start to its end. It tells two running peers with one store id
/// from one peer that restarted.
/// </summary>
/// <param name="Id">16 random bytes, made at each start.</param>
/// <param name="ProcessId">The process id of the peer on its machine.</param>
internal readonly record struct PeerInstance(Guid Id, int ProcessId)
{
    private const int IdBytes = 16;

    /// <summary>Makes the instance of a peer that starts in this process.</summary>
    public static PeerInstance Create() =>
        new(new Guid(RandomNumberGenerator.GetBytes(IdBytes)), Environment.ProcessId);

    public void AddTo(MessageMap map)
    {
        map.Add("instance", Id.ToByteArray(bigEndian: true));
        map.Add("process_id", ProcessId);
    }

    /// <summary>The instance in an answer to hello; null if it has none.</summary>
    /// <exception cref="DfssException">
    /// InvalidArgument: a key is missing, of the wrong kind or out of range.
    /// </exception>
    public static PeerInstance? FromMap(MessageMap map)
    {
        if (!map.TryGet("instance", out MessageValue instance))
        {
            return null;
        }

        byte[] id = instance.AsBinary();
        return id.Length == IdBytes
            ? new PeerInstance(new Guid(id, bigEndian: true), Handshake.ToInteger(map.Required("process_id")))
            : throw new DfssException(
                DfssErrorCode.InvalidArgument, $"An instance id has {IdBytes} bytes, not {id.Length}.");
    }
}
