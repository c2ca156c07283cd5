using System.Collections;
using System.Management.Automation;

namespace Dfss.Commands;

/// <summary>
/// Refuses a peer object from remoting or from a file, with the reason: it is only a description of a peer, and its
/// number belongs to its own session. With that number, another peer would be stopped.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class PeerObjectAttribute : ArgumentTransformationAttribute
{
    private const string TypeName = "Deserialized.Dfss.DfssPeerInfo";

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        Refuse(inputData);
        if ((inputData is PSObject wrapped ? wrapped.BaseObject : inputData) is IList many)
        {
            foreach (object? item in many)
            {
                Refuse(item);
            }
        }

        return inputData;
    }

    private static void Refuse(object? given)
    {
        if (given is PSObject item && item.TypeNames.Contains(TypeName))
        {
            throw new ArgumentTransformationMetadataException(
                $"{item.Properties[nameof(DfssPeerInfo.Endpoint)]?.Value} is of another session, and its id "
                + "is not valid here. Query the peer itself: Get-DfssPeer -Peer host:port | Stop-DfssPeer.");
        }
    }
}
