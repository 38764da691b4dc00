"""The words of sample headlines: invented topics, storylines, places and providers.

Things are plural noun phrases, benefits verb phrases that follow "could" or "to", risks noun
phrases that follow "over" or "about", so that every storyline reads well with every topic.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Thing:
    """The thing in a story. An idea, unlike a device, is not delivered and does not break down."""

    name: str
    benefit: str
    is_idea: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A topic and the words of its news. ``nearby`` names related topics."""

    name: str
    things: tuple[Thing, ...]
    risks: tuple[str, ...]
    organizations: tuple[str, ...]
    nearby: tuple[str, ...]
    parent: str | None = None
    short_name: str | None = None


@dataclass(frozen=True, slots=True)
class Storyline:
    """One kind of story: different headlines for one event, and sentences for excerpts."""

    headlines: tuple[str, ...]
    sentences: tuple[str, ...]
    suits_ideas: bool = True


def _split(text: str) -> tuple[str, ...]:
    return tuple(" ".join(part.split()) for part in text.split(";"))


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _subject(
    name: str,
    things: str,
    risks: str,
    organizations: str,
    nearby: str,
    *,
    parent: str | None = None,
    short_name: str | None = None,
) -> Subject:
    """Make a subject of lists with semicolons; a thing reads ``name > benefit``, an idea ``*name``."""
    pairs = [thing.split(" > ") for thing in _split(things)]
    parsed = tuple(Thing(name.lstrip("*"), gain, name.startswith("*")) for name, gain in pairs)
    return Subject(
        name, parsed, _split(risks), _split(organizations), _split(nearby), parent, short_name
    )


SUBJECTS: Final = (
    _subject(
        "AI",
        """planning assistants > spare clerks hours of typing; tutoring chatbots > help slow readers
        catch up; open language models > keep small languages alive; forecasting models > warn of
        shortages weeks ahead; call-center bots > shorten the wait on the phone;
        contract-reading tools > catch unfair clauses; scheduling algorithms > even out shifts""",
        "bias; accountability; energy use; untested claims",
        "Lanternmind Labs; the Ostrel Institute for Machine Learning; Fernpath Systems",
        "Privacy; Work; Education",
    ),
    _subject(
        "Computer Vision",
        """crop-scanning cameras > spot blight before it spreads; face-matching gates > shorten
        lines at the station; wildlife cameras > count animals without disturbing them;
        X-ray reading tools > find fractures that doctors miss; road-sign readers > find faded signs
        before drivers do; crack-spotting drones > keep old bridges open""",
        "surveillance; false matches; consent; poor results at night",
        "Halcyon Optics; Brightvane Imaging; the Mirrel Vision Group",
        "Privacy; Health; Agriculture",
        parent="AI",
        short_name="Vision",
    ),
    _subject(
        "Robotics",
        """delivery robots > bring medicine within minutes; harvest robots > save the apple crop;
        underwater drones > inspect what divers cannot reach; warehouse robots > take over the
        heaviest lifting; pipe-crawling robots > find leaks before they flood a street;
        window-cleaning drones > make work on towers safer""",
        "crowded sidewalks; job losses; safety around children; repair costs",
        "Copperjoint Robotics; Wrenfield Automation; the Tallis Robotics Workshop",
        "AI; Work; Transport",
        parent="AI",
    ),
    _subject(
        "Energy",
        """tidal turbines > power every home on the coast; geothermal wells > heat the old town
        without gas; rooftop solar panels > cut summer power bills; offshore wind farms > supply half
        the region; heat pumps > replace aging gas boilers; community microgrids > keep the lights
        on through storms; smart meters > shift demand away from the evening""",
        "grid congestion; rising connection fees; noise; the cost of copper",
        "Tidewright Power; Emberline Grid; the Northreach Energy Cooperative",
        "Climate; Economy; Cities",
    ),
    _subject(
        "Energy Storage",
        """sand batteries > carry summer heat into winter; sodium batteries > halve the price of
        storage; neighborhood batteries > smooth out evening peaks; pumped-water stores > back up the
        wind farms; second-life car batteries > keep clinics running in a blackout;
        hydrogen caverns > see the region through a windless week""",
        "fire safety; scarce minerals; land use; slow permits",
        "Gravelight Storage; Saltspring Cells; the Amberdeep Project",
        "Materials; Climate",
        parent="Energy",
        short_name="Storage",
    ),
    _subject(
        "Transport",
        """electric ferries > clean up the harbor air; cargo bikes > take vans off narrow streets;
        self-driving shuttles > connect the outer districts; bus lanes > cut journey times by a third;
        hydrogen trucks > quiet the coast road; *congestion charges > clear rush-hour traffic;
        on-demand minibuses > bring villages back on the map""",
        "parking; fares; blocked bike paths; accessibility",
        "Swiftmoor Transit; Cobalt Ferries; the Lanewright Agency",
        "Cities; Climate; Energy",
    ),
    _subject(
        "Rail",
        """night trains > win travelers back from short flights; battery trains > retire the last
        diesels; tram extensions > fill the new quarter with life; freight shuttles > take trucks off
        the pass; level-crossing sensors > prevent accidents; reopened branch lines > reconnect
        mountain villages; driverless metro cars > run every two minutes""",
        "ticket prices; platform lengths; noise at night; signaling faults",
        "Ironvale Railways; Larkline Trains; the Meridian Track Authority",
        "Cities; Economy",
        parent="Transport",
    ),
    _subject(
        "Health",
        """mobile clinics > reach patients in remote valleys; home blood tests > spare patients the
        trip; sleep monitors > detect heart trouble sooner; asthma sensors > prevent attacks at school;
        hearing implants > restore the sound of speech; remote heart checks > free up hundreds of
        beds; surgical robots > shorten hospital stays""",
        "patient data; staff shortages; long-term effects; unequal access",
        "Willowmark Hospitals; Corvane Therapeutics; the Sable Heart Center",
        "AI; Science; Work",
    ),
    _subject(
        "Public Health",
        """*school meal programs > keep children alert all day; wastewater tests > stop outbreaks
        before they grow; heat-wave shelters > keep older people safe in summer; vaccination buses >
        reach those whom letters do not; *clean-air zones > reduce asthma attacks;
        *free swimming lessons > prevent drownings""",
        "low turnout; patchy funding; mistrust; missing data",
        "the Fairwater Health Board; Openwell Trust; the Institute of Everyday Medicine",
        "Cities; Education",
        parent="Health",
    ),
    _subject(
        "Space",
        """cube satellites > map drought from orbit; reusable boosters > halve the price of a launch;
        lunar rovers > find ice near the pole; debris-catching nets > clear crowded orbits;
        radio telescopes > listen further back in time; solar-storm sensors > protect power grids;
        solar sails > reach asteroids without fuel""",
        "space debris; light pollution; launch noise; slipping schedules",
        "Perigee Works; Lodestar Launch; the Arrowhead Observatory",
        "Science; Climate; Materials",
    ),
    _subject(
        "Climate",
        """flood barriers > hold back the next high water; urban forests > cool the hottest streets;
        cool roofs > make attics livable in August; restored peatlands > lock away carbon for
        centuries; river-level sensors > give residents an hour's warning; wildfire lookouts > stop
        fires while they are small; CO₂ capture plants > clean up cement making""",
        "insurance costs; slow progress; lost farmland; public trust",
        "the Greywater Panel; Cloudbreak Analytics; the Evergreen Alliance of Towns",
        "Energy; Oceans; Agriculture",
    ),
    _subject(
        "Oceans",
        """kelp farms > bring back crabs and cod; coral nurseries > save what the heat has left;
        whale-listening buoys > keep ships clear of whales; plastic-catching barges > clean the estuary
        within a decade; oyster reefs > shelter the harbor from storms; *fishing quotas > let stocks
        recover; marine reserves > fill nets outside their borders""",
        "fishing jobs; seabed damage; warming water; enforcement",
        "Blueholm Marine; the Saltmarsh Foundation; Deepkeel Research",
        "Science; Economy",
        parent="Climate",
    ),
    _subject(
        "Agriculture",
        """vertical farms > grow salad all winter; drought-proof grains > save water in dry years;
        soil sensors > halve fertilizer use; bee corridors > raise fruit yields; milking robots > give
        farmers a day off; seed libraries > save old varieties; farm drones > protect fawns at
        mowing time""",
        "water rights; seed prices; thin margins; soil loss",
        "Harrowfen Farms Union; Seedfall Research; the Millbarn Cooperative",
        "Climate; Economy; Robotics",
    ),
    _subject(
        "Education",
        """*later school days > keep teenagers awake in class; forest classrooms > calm restless
        pupils; *coding clubs > bring more girls into engineering; free textbooks > save families
        hundreds a year; *apprenticeship schemes > fill empty workshops; *evening universities > help
        adults change careers; reading buses > lift reading scores""",
        "teacher workload; class sizes; screen time; exam results",
        "the Bellwether School Network; Quillfeather Press; the Lyceum of Applied Arts",
        "AI; Culture; Work",
    ),
    _subject(
        "Cities",
        """*car-free streets > bring shoppers back downtown; pocket parks > give every child a place
        to play; public fountains > cool the squares; *night markets > bring empty squares to life;
        rainwater gardens > soak up heavy rain; elevated bike paths > make the commute safer;
        quiet pavements > make streets easier to sleep on""",
        "deliveries; property taxes; construction noise; empty storefronts",
        "Plazawright Studio; the Commonground Forum; Cornerstone and Vale",
        "Transport; Climate; Culture",
    ),
    _subject(
        "Housing",
        """timber towers > cut building time in half; office conversions > bring families downtown;
        floating homes > rise with the floods; *rent caps > keep tenants in their homes;
        tiny-house villages > end rough sleeping; *housing co-ops > bring rents down;
        modular apartments > let nurses live near the hospital""",
        "rising rents; building permits; parking; flood risk",
        "Hearthstone Homes; Rafterline Builders; the Openkey Housing Trust",
        "Economy; Materials",
        parent="Cities",
    ),
    _subject(
        "Privacy",
        """digital ID cards > end paper forms; *data trusts > give people control of their data;
        encrypted health records > stop leaks; license-plate readers > find stolen cars;
        *age checks > keep children off gambling sites; anonymous travel cards > stop tracking on buses;
        *cookie bans > end endless consent forms""",
        "data leaks; police access; vague rules; hidden tracking",
        "the Padlock Society; Cipherbrook Security; the Office of Open Records",
        "AI; Work; Cities",
    ),
    _subject(
        "Materials",
        """self-healing concretes > make bridges last a century; mushroom bricks > insulate homes
        for less; graphene filters > take salt out of seawater; seaweed plastics > replace throwaway
        wrapping; see-through woods > cut the weight of windows; low-carbon cements > clean up
        building sites; rare-earth recyclers > empty drawers full of old phones""",
        "cost; durability; supply; unproven recycling",
        "Basalt and Birch; Tensile Dynamics; the Claywork Institute",
        "Science; Housing; Energy Storage",
    ),
    _subject(
        "Economy",
        """*local currencies > keep money in the region; repair shops > keep good things out of
        landfill; *worker buyouts > save firms without heirs; *export credits > bring orders back to
        the docks; *small-business loans > help small firms hire; *tourist taxes > pay for clean
        beaches""",
        "inflation; debt; skills shortages; falling orders",
        "Keelson Bank; the Mercantile Round Table; Ledgerfield Partners",
        "Work; Cities; Housing",
    ),
    _subject(
        "Work",
        """*four-day weeks > reduce burnout; remote-work hubs > bring young people home;
        *night-shift limits > improve sleep; *paid internships > open closed trades;
        *gig-worker pensions > keep couriers out of poverty; quiet offices > double the hours of real
        work; *job-sharing schemes > keep experienced staff""",
        "lost output; pay; unpaid overtime; fairness between trades",
        "the Guild of Allied Trades; Brassbell Staffing; the Daywork Observatory",
        "Health; Education",
        parent="Economy",
    ),
    _subject(
        "Science",
        """ice-core archives > explain past droughts; *fungus surveys > find new medicines; *citizen
        star counts > map light pollution; muon detectors > see inside a volcano; *fossil digs > rewrite
        the history of the valley; open laboratories > let amateurs join in; volcano sensors > predict
        eruptions days ahead""",
        "short-term grants; disputed methods; access to samples; aging equipment",
        "the Collegium of Natural Sciences; Fieldnote Research; the Deepwell Laboratory",
        "Space; Oceans; Education",
    ),
    _subject(
        "Culture",
        """open-air cinemas > draw visitors in the off-season; *dialect archives > save a fading
        tongue; *museum nights > bring generations together; library vending machines > keep readers
        reading after hours; street pianos > make strangers talk; heritage ships > keep old crafts
        alive; traveling theaters > fill empty storefronts with art""",
        "shrinking budgets; opening hours; tourist crowds; copyright",
        "the Limelight Collective; Foxglove Galleries; the House of Moving Pictures",
        "Education; Cities; Economy",
    ),
)

STORYLINES: Final = (
    Storyline(  # a trial
        _split("""{place} begins a {months}-month trial of {things}; {things} go on trial in {place};
        {org} picks {place} to try out {things}; Can {things} {benefit}? {place} wants to find out;
        {place} puts {things} to the test; Inside the {place} trial of {things};
        What {place} hopes to learn from its trial of {things}; {things} will {benefit}, {place} hopes;
        First {things} arrive in {place}; How {place} came to try out {things};
        {org} and {place} team up on {things}; {place} trial of {things} draws visitors from abroad;
        {place} gives {things} {months} months to prove themselves;
        “We had doubts”: a first day with {things} in {place};
        {count} volunteers sign up to test {things} in {place};
        Concern about {risk} as {place} tries out {things}"""),
        _split("""The trial in {place} runs for {months} months and involves {count} households.;
        {org} will publish the results once the {months} months are over.;
        If {things} {benefit}, the scheme could grow next {season}.;
        {who} approved the trial by a narrow vote after a long debate about {risk}.;
        The first day passed with little fanfare."""),
    ),
    Storyline(  # a study
        _split("""{things} could {benefit}, {place} study finds; {place} study casts new light on {things};
        What {count} people in {place} say about {things};
        Do {things} {benefit}? Evidence from {place} says yes;
        {n}% better than expected: {place} publishes its results on {things};
        {place} researchers question the case for {things};
        Researchers in {place} spent {years} years on {things}. Here is what they found;
        {org} backs {place} findings on {things}; {place} report: {things} work, with caveats;
        Five lessons about {things} from {place}; Why the {place} study on {things} matters;
        New {place} data settles an old argument about {things};
        {place} study warns of {risk} as {things} spread; The limits of {things}, as seen from {place};
        “Surprisingly clear”: {place} team on {things}"""),
        _split("""Researchers followed {count} people in {place} for {years} years.;
        The effect was {n}% larger than in earlier work, though the authors urge caution.;
        The report, paid for in part by {org}, has been reviewed by outside experts.;
        It is the first study to ask whether {things} really {benefit}.;
        Critics say that the paper leaves out the question of {risk}."""),
    ),
    Storyline(  # money
        _split("""{place} sets aside ${money} million for {things};
        ${money} million plan would bring {things} to {place}; {org} to invest in {things} in {place};
        {place} bets on {things} to {benefit}; Who will pay for {things}? {place} has an answer;
        {things}: where the ${money} million in {place} will go;
        {place} wins ${money} million grant for {things}; {place} council backs spending on {things};
        Budget for {things} in {place} passes after all-night session;
        {org} joins {place} in a fund for {things}; {place} doubles its budget for {things};
        Small firms in {place} hope to gain from spending on {things};
        {place} seeks partners for {things}; {things} top the {place} budget despite {risk};
        What ${money} million buys {place}: {things}, and a promise"""),
        _split("""{who} agreed to spend ${money} million over {years} years.;
        About {n}% of the money comes from {org}, the rest from local taxes.;
        Supporters say that {things} will {benefit}, opponents point to {risk}.;
        Bids are due by the end of {season}.; Roughly {count} jobs depend on the decision."""),
    ),
    Storyline(  # a delay
        _split("""{place} delays {things} over {risk}; {things} in {place}: {months} months late and counting;
        Why {place} is still waiting for {things}; {org} blames {risk} for delay in {place};
        {place} pushes back {things} to next {season}; Rollout of {things} in {place} hits a snag;
        Patience wears thin in {place} as {things} fail to arrive;
        {place} vows to finish what it started on {things};
        Concern about {risk} stalls {things} in {place}; {things} on hold: {place} asks for more time;
        {count} sign petition to speed up {things} in {place};
        {place} orders review of its plan for {things};
        {org} offers {place} a way out of the dispute over {things};
        The long road to {things} in {place}; {place} and {org} at odds over {things}"""),
        _split("""The start, planned for this {season}, has moved by at least {months} months.;
        {org} cites {risk} and a lack of parts.; {who} has asked for a full account by next month.;
        The delay could add ${money} million to the bill.;
        For now, residents will have to make do with what they have."""),
    ),
    Storyline(  # rules
        _split("""{place} drafts first rules for {things}; New rules on {things} take effect in {place};
        {place} wants clear standards for {things}; What the {place} rules on {things} mean for you;
        {place} tightens rules on {things} after debate over {risk};
        {org} welcomes {place} rules on {things}; {place} lawmakers split over {things};
        Could the {place} rulebook for {things} become a model?; {place} court upholds limits on {things};
        {place} asks the public about {things}; Looser rules for {things} in {place} from next {season};
        {things} need a license in {place} from now on; {place} draws a line on {things};
        “Better late than never”: {place} regulates {things};
        {n}% of {place} residents favor stricter rules on {things}"""),
        _split("""The draft runs to {months}0 pages and goes to a public hearing this {season}.;
        {org} called the rules “strict but workable”.;
        Anyone who breaks them faces a fine, though {who} can grant exceptions.;
        At the heart of the debate: {risk}, and whether {things} really {benefit}.;
        The rules will be reviewed after {years} years."""),
    ),
    Storyline(  # a milestone
        _split("""{place} celebrates {years} years of {things}; How {place} kept its promise on {things};
        How {things} helped {place} turn a corner; {place} shows how {things} can {benefit};
        {org} opens center for {things} in {place}; {place} reaches its target for {things} early;
        {things} now reach {n}% of {place}; Once mocked, {things} are the pride of {place};
        {place} wins prize for {things}; Neighbors look to {place} as {things} catch on;
        The people behind {things} in {place}; {place} shares what it learned from {things};
        A record {season} for {things} in {place}; {years} years on, {place} has no regrets about {things};
        Rising demand for {things} takes {place} by surprise; {place} exports its know-how on {things}"""),
        _split("""When {place} started out {years} years ago, few gave the idea much of a chance.;
        Use has grown by {n}% in a year, according to {org}.;
        More than {count} visitors came to the opening, twice as many as planned.;
        The next goal is to {benefit}.;
        Not everyone is convinced: some neighbors still worry about {risk}."""),
    ),
    Storyline(  # a dispute
        _split("""{place} divided over {things}; Residents of {place} say no to {things};
        Farewell to {things}? {place} votes this {season}; {place} referendum on {things} too close to call;
        {things} and the question of {risk}: {place} holds a hearing;
        {place} finds a compromise on {things}; {org} under pressure in {place} over {things};
        Both sides claim victory as {place} votes on {things}; The case for {things} in {place};
        The case against {things} in {place}; {count} march in {place} over {things};
        “It is about {risk}”: voices from {place} on {things}; {place} mayor defends {things};
        What {place} can teach us about arguing over {things}; Calm returns to {place} after row over {things}"""),
        _split("""The vote split {place} almost evenly, with {n}% in favor.;
        Opponents worry about {risk}, supporters want to {benefit}.;
        {org} has promised to publish every document by the end of the month.;
        A crowd of {count} filled the square on Saturday, peacefully.;
        {who} now has {months} months to come up with a plan that both sides can accept."""),
    ),
    Storyline(  # a setback or a fault
        _split("""{place} takes {things} out of service; Fault found in {things} across {place};
        What went wrong with {things} in {place}; {place} back to normal after trouble with {things};
        {org} apologizes to {place} for faulty {things}; {place} inspectors check {count} {things};
        {things} return to {place} after repairs; {place} reviews {things} amid worry about {risk};
        {things} in {place} are safe, inspectors conclude; {place} learns to live without {things};
        How {place} fixed its {things} in {months} days; Storm damages {things} in {place};
        {place} demands answers on {things}; {n}% of {things} in {place} need repair, review finds;
        Volunteers keep {place} running as {things} pause"""),
        _split("""Engineers in {place} traced the fault to a single part.;
        Nobody was hurt, and {org} expects normal service within {months} days.;
        Around {count} people were affected at the height of the trouble.;
        {who} said that an outside review would start this week.;
        The incident renews concern about {risk}."""),
        suits_ideas=False,
    ),
)

SENTENCES: Final = _split("""“It is a start, no more and no less,” said one engineer at the site.;
{org} declined to give further details.; A public meeting is planned for next week.;
“We want to {benefit},” a spokesperson for {org} said.; Similar plans elsewhere have had mixed results.;
The figures have not been checked independently.; Reactions in {place} ranged from relief to "wait and see".;
Our reporters spent a day in {place} to find out more.; The café at the market hall was full of opinions.;
Experts disagree on what {things} mean for {risk}.; A naïve question turned out to be the right one.;
Costs are put at ${money} million, give or take {n}%.; Here is what is known so far.;
It would save about {count} tons of CO₂ a year.; The idea goes back to a student project.""")
SHORT_HEADLINES: Final = _split(
    "{place} waits; {place} votes; Eyes on {place}; Good news from {place}; {place} says yes;"
    " {place}, one year on; A quiet day in {place}; {place} at last"
)
KICKERS: Final = (
    "Analysis: ",
    "Opinion: ",
    "Explainer: ",
    "Interview: ",
    "Live: ",
    "In pictures: ",
)
VIDEO_KICKERS: Final = ("Watch: ", "Video: ", "On camera: ", "Drone footage: ")
TAILS: Final = _split("""and what that means for the towns along the river;
as the region looks back on an unusually busy year; while neighboring districts watch and wait;
with more questions than answers after a long night of talks; and why that may matter elsewhere""")
AUTHORITIES: Final = _split("""the city council; the regional assembly; a cross-party committee;
the planning board; the audit office; the mayor's office; a panel of residents""")
SEASONS: Final = ("spring", "summer", "fall", "winter")
CAPTIONS: Final = (
    "The harbor front at dawn",
    "A view of the test site",
    "Visitors at the opening",
    "Engineers at work, seen from above",
    "Archive image of the town hall \u2013 before the repairs",
)

# Two parts make a place; no two pairs make the same word.
PLACE_STEMS: Final = _words(
    """Avel Belun Beron Brask Calu Cindel Cresk Darro Dravel Drenn Duvel Eldra Elsin Emba Erlo Eskel
    Falun Fenra Fjol Galv Garro Glint Greval Grona Halve Harru Heska Hollu Ilven Inver Iskel Istra
    Jarn Jelva Jorva Jusk Kalde Karro Kelda Klim Korvel Krone Lask Lenna Lorun Lyske Maru Melka
    Mirra Mundel Nelva Nerro Nolv Norra Olme Orvel Ostra Ovra Pella Pern Pruva Quill Quor Rasko
    Relva Rinde Rusk Sarra Selk Silva Skarn Sorra Tarn Telva Torra Tulde Ulven Urra Vasta Velk
    Verra Vinde Voska Warra Welde Wexa Ystra Yvel Zelma Zorra"""
)
PLACE_ENDINGS: Final = _words(
    """mere holt vik sund marsh gate haven fell mond stad lund brook minster port wold dale crest
    strand combe moor thorpe field bridge mouth well ridge shore cliff wharf garth"""
)

# Name, domain without its `.example`, and what it is.
PROVIDERS: Final = tuple(
    tuple(line.split(", "))
    for line in """Harbour Times, harbour-times, a daily for the coast
Marrowick Courier, marrowick-courier, a regional daily
Quillon Dispatch, quillon-dispatch, a daily of record
Ostrand Post, ostrand-post, a tabloid with a soft spot for science
Velmark Observer, velmark-observer, a weekly of long reads
The Tin Lantern, tin-lantern, an independent news site
Fathom & Field, fathom-and-field, a magazine on sea and land
Northquay Gazette, northquay-gazette, a regional daily
Brackwater Herald, brackwater-herald, a family-owned daily
Signal Seven, signal7, a broadcaster
Pellam Ledger, pellam-ledger, a business daily
Grid & Gear, grid-and-gear, a trade magazine on energy and machines
Copperline News, copperline, a wire service
Thornmoor Mail, thornmoor-mail, a local daily
The Tidal Review, tidal-review, a quarterly
Kestrow Tribune, kestrow-tribune, a regional daily
Orbit Weekly, orbit-weekly, a magazine on space
Saltmere Echo, saltmere-echo, an evening paper
Eastfold Chronicle, eastfold-chronicle, a regional daily
Wayfare & Wheel, wayfare-and-wheel, a magazine on transport
Circuit Post, circuit-post, a technology site
Greenholm Journal, greenholm-journal, a paper for farmers
Halewick Standard, halewick-standard, a daily of record
The Pivot, the-pivot, a newsletter on work
Lumen Daily, lumen-daily, a technology daily
Ravenspire Beacon, ravenspire-beacon, a local weekly
Stonebarrow Times, stonebarrow-times, a regional daily
Meridian Broadcast, meridian-broadcast, a broadcaster
Ironmouth News, ironmouth-news, a regional site
The Open Page, open-page, a nonprofit newsroom
Cobblestone Quarterly, cobblestone-quarterly, a magazine on cities
Westmarch Press, westmarch-press, a regional daily
Ferrous Daily, ferrous-daily, a trade daily on materials
Pulse & Practice, pulse-and-practice, a health magazine
Dunmarrow Star, dunmarrow-star, a tabloid
Clearwater Wire, clearwater-wire, a wire service
Foxmoor Messenger, foxmoor-messenger, a local weekly
The Sextant, the-sextant, a weekly on trade
Vantage Hill, vantage-hill, a site for analysis
Millrace Bulletin, millrace-bulletin, a local daily
Bellhaven Register, bellhaven-register, a regional daily
Public Square Radio, public-square, a public broadcaster
Aldercross News, aldercross-news, a regional site
Night Desk, night-desk, an overnight newsletter
Gallowmere Argus, gallowmere-argus, a regional daily
Skyward, skyward, a magazine on flight and space
Treeline Report, treeline-report, a climate site
Corvale Independent, corvale-independent, an independent daily
Parallax & Prism, parallax-and-prism, a science magazine
Sandreach Examiner, sandreach-examiner, a regional daily
The Weathervane, weathervane, a site on climate and farming
Lockgate Advertiser, lockgate-advertiser, a local weekly
Amber Street Review, amber-street, a weekly of ideas
Blue Ledger, blue-ledger, a financial site
Hollin Vale News, hollin-vale, a local site
Tin Whistle, tin-whistle, a culture magazine
Redwharf Reporter, redwharf-reporter, a regional daily
La Gazette d'Orvéal, gazette-orveal, a bilingual daily
Nordvåg Avis, nordvag-avis, a northern daily
Zwillingsbrück Kurier, zwillingsbrueck-kurier, a border-region daily""".splitlines()
)
