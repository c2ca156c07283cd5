using Xunit;

namespace Dfss.Tests.Records.Simulation;

/// <content>The end of a schedule: all faults are over, and every client can finish.</content>
internal sealed partial class Schedule
{
    private void Heal()
    {
        foreach (SimulatedMember member in members)
        {
            member.Restart();
        }

        twin?.Restart();
        foreach (SimulatedClient client in clients)
        {
            // Its operation remains uncertain; its messages are still delivered.
            client.Crash();
        }

        while (messages.Count > 0)
        {
            DeliverAny();
        }

        unanswered.Clear();
    }

    private void RunAlone(Action<SimulatedClient> begin)
    {
        SimulatedClient client = clients[0];
        begin(client);
        for (int i = 0; !client.IsIdle; i++)
        {
            Assert.True(i < 1000, "a read with all members up and no other client does not end");
            client.Step();
            while (messages.Count > 0)
            {
                DeliverAny();
            }
        }

        foreach (SimulatedMember member in members)
        {
            member.CollectGarbage();
        }

        chosen.CheckChunks("the last collection of garbage");
    }
}
